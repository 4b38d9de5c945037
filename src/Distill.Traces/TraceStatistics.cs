using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Distill.Chat;
using Distill.Prompts;
using Distill.Verification;

namespace Distill.Traces;

/// <summary>What a set of traces holds, counted in one pass.</summary>
public sealed class TraceStatistics
{
    // Hashes: a million ids of 64 digits would take 150 MB as texts.
    private readonly HashSet<UInt128> _ids = [], _prompts = [];
    private readonly SortedDictionary<string, long> _reasons = new(StringComparer.Ordinal);
    private readonly long[] _outcomes = new long[Enum.GetValues<Outcome>().Length];
    private readonly long[] _endStates = new long[Enum.GetValues<EndState>().Length];
    private readonly long[] _finishReasons = new long[Enum.GetValues<FinishReason>().Length];

    /// <summary>Traces counted.</summary>
    public long Rows { get; private set; }

    /// <summary>Different trace ids; fewer than <see cref="Rows"/> means that rollouts are stored twice.</summary>
    public int DistinctIds => _ids.Count;

    /// <summary>Different prompts.</summary>
    public int DistinctPrompts => _prompts.Count;

    /// <summary>Tokens of all prompts, counted once per trace.</summary>
    public long PromptTokens { get; private set; }

    /// <summary>Tokens that the teacher produced.</summary>
    public long CompletionTokens { get; private set; }

    /// <summary>Tokens of the longest completion.</summary>
    public long LongestCompletion { get; private set; }

    /// <summary>Traces by verdict reason, e.g. <c>equal_number</c>.</summary>
    public IReadOnlyDictionary<string, long> VerdictReasons => _reasons;

    /// <summary>Traces with an outcome.</summary>
    public long this[Outcome outcome] => _outcomes[(int)outcome];

    /// <summary>Traces by end state: <c>complete</c>, <c>truncated</c> and so on, those that do not occur with 0.</summary>
    public IReadOnlyDictionary<string, long> EndStates => Enum.GetValues<EndState>().ToDictionary(TraceSchema.NameOf, state => _endStates[(int)state], StringComparer.Ordinal);

    /// <summary>Traces with a finish reason.</summary>
    public long this[FinishReason reason] => _finishReasons[(int)reason];

    /// <summary>Counts all traces.</summary>
    public static TraceStatistics Of(IEnumerable<Trace> traces)
    {
        var statistics = new TraceStatistics();
        foreach (Trace trace in traces) statistics.Add(trace);
        return statistics;
    }

    /// <summary>Counts what a file or folder holds, reading only the columns that are counted, one row group at a time.</summary>
    /// <exception cref="Runs.InputException">Nothing is there, a column is missing, a value is not one of those allowed, or a file is damaged.</exception>
    public static TraceStatistics Read(string pathOrFolder)
    {
        var statistics = new TraceStatistics();
        foreach (string file in TraceReader.FilesOf(pathOrFolder))
        {
            using ParquetTable table = ParquetTable.Open(file);
            TraceReader.Check(table);
            for (int rowGroup = 0; rowGroup < table.RowGroupCount; rowGroup++) statistics.Add(table, rowGroup);
        }
        return statistics;
    }

    /// <summary>Counts one more trace.</summary>
    public void Add(Trace trace) => Add(trace.Id, trace.Prompt.Id, trace.Verdict.Outcome, trace.Verdict.Reason,
        trace.Completion.FinishReason, trace.Completion.EndState, trace.Completion.PromptTokens, trace.Completion.CompletionTokens);

    private void Add(ParquetTable table, int rowGroup)
    {
        string?[] Texts(string column) => table.ReadTexts(rowGroup, column);
        string?[] ids = Texts(TraceSchema.Id), prompts = Texts(TraceSchema.PromptId), verdicts = Texts(TraceSchema.Verdict),
            reasons = Texts(TraceSchema.VerdictReason), finishes = Texts(TraceSchema.FinishReason);
        long?[]? promptTokens = table.Has(TraceSchema.PromptTokens) ? table.ReadIntegers(rowGroup, TraceSchema.PromptTokens) : null;
        string?[]? states = table.Has(TraceSchema.EndState) ? Texts(TraceSchema.EndState) : null;
        long?[]? unclosed = table.Has(TraceSchema.ReasoningUnclosed) ? table.ReadIntegers(rowGroup, TraceSchema.ReasoningUnclosed) : null;
        long?[] completionTokens = table.ReadIntegers(rowGroup, TraceSchema.CompletionTokens);
        for (int row = 0; row < ids.Length; row++)
        {
            string Needed(string?[] values, string column) => values[row] ?? throw TraceRowGroup.Bad(table, rowGroup, row, column, "is null");
            FinishReason finish = TraceRowGroup.ParseName<FinishReason>(table, rowGroup, row, TraceSchema.FinishReason, finishes[row]);
            Add(Needed(ids, TraceSchema.Id), Needed(prompts, TraceSchema.PromptId),
                TraceRowGroup.ParseName<Outcome>(table, rowGroup, row, TraceSchema.Verdict, verdicts[row]), Needed(reasons, TraceSchema.VerdictReason),
                finish, TraceRowGroup.EndStateOf(table, rowGroup, row, states?[row], finish, unclosed?[row] == 1), promptTokens?[row] ?? 0, completionTokens[row] ?? 0);
        }
    }

    private void Add(string id, string promptId, Outcome outcome, string reason, FinishReason finishReason, EndState endState, long promptTokens, long completionTokens)
    {
        Rows++;
        _ids.Add(Hash(id));
        _prompts.Add(Hash(promptId));
        _outcomes[(int)outcome]++;
        _finishReasons[(int)finishReason]++;
        _endStates[(int)endState]++;
        _reasons[reason] = _reasons.GetValueOrDefault(reason) + 1;
        PromptTokens += promptTokens;
        CompletionTokens += completionTokens;
        LongestCompletion = Math.Max(LongestCompletion, completionTokens);
    }

    private static UInt128 Hash(string text) => MemoryMarshal.Read<UInt128>(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
