using Distill.Chat;
using Distill.Prompts;
using Distill.Runs;
using Distill.Verification;

namespace Distill.Traces;

/// <summary>The columns of one row group of a trace file, turned into traces row by row.</summary>
internal sealed class TraceRowGroup(ParquetTable table, int rowGroup, bool rawText = true)
{
    private static readonly string[] IntegerColumns =
        [TraceSchema.SampleIndex, TraceSchema.TopK, TraceSchema.MaxTokens, TraceSchema.Seed, TraceSchema.ReasoningUnclosed, TraceSchema.PromptTokens, TraceSchema.CompletionTokens,
            TraceSchema.Attempts, TraceSchema.CachedTokens];
    private static readonly string[] NumberColumns = [TraceSchema.Temperature, TraceSchema.TopP, TraceSchema.Seconds, TraceSchema.FirstTextSeconds];
    private static readonly string[] TextColumns =
        [.. TraceSchema.Columns.Where(column => !column.StartsWith(TraceSchema.Messages, StringComparison.Ordinal)).Except(IntegerColumns).Except(NumberColumns)];

    private readonly Dictionary<string, string?[]> _texts = TextColumns.Where(column => table.Has(column) && (rawText || column != TraceSchema.RawText)).ToDictionary(column => column, column => table.ReadTexts(rowGroup, column));
    private readonly Dictionary<string, long?[]> _integers = IntegerColumns.Where(table.Has).ToDictionary(column => column, column => table.ReadIntegers(rowGroup, column));
    private readonly Dictionary<string, double?[]> _numbers = NumberColumns.Where(table.Has).ToDictionary(column => column, column => table.ReadNumbers(rowGroup, column));
    private readonly IReadOnlyList<string?>[] _roles = table.ReadTextLists(rowGroup, TraceSchema.MessageRole);
    private readonly IReadOnlyList<string?>[] _contents = table.ReadTextLists(rowGroup, TraceSchema.MessageContent);
    private readonly IReadOnlyList<string?>[]? _messageReasonings =
        table.Has(TraceSchema.MessageReasoning) ? table.ReadTextLists(rowGroup, TraceSchema.MessageReasoning) : null;

    private readonly LogProbabilityColumns? _logProbabilities = rawText ? LogProbabilityColumns.TryRead(table, rowGroup) : null;

    /// <summary>Number of traces.</summary>
    public int Count { get; } = table.RowsOf(rowGroup);

    /// <summary>Builds one trace.</summary>
    /// <exception cref="InputException">A value is not one of those allowed.</exception>
    public Trace TraceAt(int row) => new()
    {
        Id = Text(row, TraceSchema.Id),
        Prompt = PromptChecks.AddTo(new Prompt
        {
            Id = Text(row, TraceSchema.PromptId),
            Messages = MessagesAt(row),
            ReferenceAnswer = TextOrNull(row, TraceSchema.ReferenceAnswer),
            ReferenceReasoning = TextOrNull(row, TraceSchema.ReferenceReasoning),
            Source = TextOrNull(row, TraceSchema.Source) ?? "",
        }, TextOrNull(row, TraceSchema.Checks)),
        SampleIndex = Int(row, TraceSchema.SampleIndex),
        Teacher = Text(row, TraceSchema.Teacher),
        Sampling = new SamplingOptions
        {
            Temperature = Number(row, TraceSchema.Temperature),
            TopP = Number(row, TraceSchema.TopP, 1),
            TopK = Int(row, TraceSchema.TopK),
            MaxTokens = Int(row, TraceSchema.MaxTokens),
            Seed = Integer(row, TraceSchema.Seed),
            TopLogProbabilities = _logProbabilities?.WidthAt(row) ?? 0,
        },
        Completion = new Completion
        {
            RawText = rawText ? Text(row, TraceSchema.RawText) : "",
            Reasoning = Text(row, TraceSchema.Reasoning),
            Answer = Text(row, TraceSchema.Answer),
            ReasoningUnclosed = Integer(row, TraceSchema.ReasoningUnclosed) != 0,
            FinishReason = Name<FinishReason>(row, TraceSchema.FinishReason),
            PromptTokens = Int(row, TraceSchema.PromptTokens),
            CompletionTokens = Int(row, TraceSchema.CompletionTokens),
            EndState = EndStateOf(table, rowGroup, row, TextOrNull(row, TraceSchema.EndState), Name<FinishReason>(row, TraceSchema.FinishReason), Integer(row, TraceSchema.ReasoningUnclosed) != 0),
            Origin = OriginAt(row),
            TopLogProbabilities = _logProbabilities?.At(row),
        },
        Verdict = new Verdict(Name<Outcome>(row, TraceSchema.Verdict), Text(row, TraceSchema.VerdictReason),
            TextOrNull(row, TraceSchema.ExtractedAnswer), Text(row, TraceSchema.Verifier)),
        JudgeVerdict = TextOrNull(row, TraceSchema.JudgeVerdict) is { } judged ? new Verdict(ParseName<Outcome>(row, TraceSchema.JudgeVerdict, judged),
            TextOrNull(row, TraceSchema.JudgeReason) ?? "", TextOrNull(row, TraceSchema.JudgeAnswer), TextOrNull(row, TraceSchema.Judge) ?? "") : null,
        Seconds = Number(row, TraceSchema.Seconds),
    };

    private CompletionOrigin OriginAt(int row)
    {
        var origin = new CompletionOrigin
        {
            Endpoint = TextOrNull(row, TraceSchema.Endpoint) ?? "",
            Model = TextOrNull(row, TraceSchema.ServedModel) ?? "",
            Fingerprint = TextOrNull(row, TraceSchema.Fingerprint) ?? "",
            Attempts = _integers.ContainsKey(TraceSchema.Attempts) ? Int(row, TraceSchema.Attempts) : 1,
            FirstTextSeconds = Number(row, TraceSchema.FirstTextSeconds),
            CachedTokens = Int(row, TraceSchema.CachedTokens),
        };
        return origin == CompletionOrigin.Local ? CompletionOrigin.Local : origin;
    }

    private List<Message> MessagesAt(int row)
    {
        if (_roles[row].Count != _contents[row].Count) throw Bad(row, TraceSchema.MessageContent, "has another number of messages than `messages.role`");
        var messages = new List<Message>(_roles[row].Count);
        for (int i = 0; i < _roles[row].Count; i++)
        {
            messages.Add(new Message(ParseName<MessageRole>(row, TraceSchema.MessageRole, _roles[row][i]), _contents[row][i] ?? "",
                _messageReasonings is { } reasonings && i < reasonings[row].Count ? reasonings[row][i] : null));
        }
        return messages;
    }

    private string? TextOrNull(int row, string column) => _texts.TryGetValue(column, out string?[]? values) ? values[row] : null;

    private string Text(int row, string column) => _texts[column][row] ?? throw Bad(row, column, "is null");

    private long Integer(int row, string column) => _integers.TryGetValue(column, out long?[]? values) ? values[row] ?? 0 : 0;

    private int Int(int row, string column) =>
        Integer(row, column) is >= int.MinValue and <= int.MaxValue and var value ? (int)value : throw Bad(row, column, "is too large");

    private double Number(int row, string column, double missing = 0) => _numbers.TryGetValue(column, out double?[]? values) ? values[row] ?? missing : missing;

    private T Name<T>(int row, string column) where T : struct, Enum => ParseName<T>(row, column, Text(row, column));

    private T ParseName<T>(int row, string column, string? text) where T : struct, Enum => ParseName<T>(table, rowGroup, row, column, text);

    private InputException Bad(int row, string column, string what) => Bad(table, rowGroup, row, column, what);

    /// <summary>The end state that a cell holds. Older files lack it; what their other columns tell is told.</summary>
    /// <exception cref="InputException">It is none.</exception>
    public static EndState EndStateOf(ParquetTable table, int rowGroup, int row, string? text, FinishReason finish, bool unclosed)
    {
        if (text is not null)
        {
            foreach (EndState state in Enum.GetValues<EndState>())
                if (TraceSchema.NameOf(state) == text) return state;
            throw Bad(table, rowGroup, row, TraceSchema.EndState, $"is \"{text}\", not one of {string.Join(", ", Enum.GetValues<EndState>().Select(TraceSchema.NameOf))}");
        }
        return finish switch
        {
            FinishReason.Error => EndState.Failed,
            FinishReason.Length => EndState.Truncated,
            _ => unclosed ? EndState.UnclosedThink : EndState.Complete,
        };
    }

    /// <summary>The word of a closed set that a cell holds.</summary>
    /// <exception cref="InputException">It is none of them.</exception>
    public static T ParseName<T>(ParquetTable table, int rowGroup, int row, string column, string? text) where T : struct, Enum =>
        Enum.TryParse(text, ignoreCase: true, out T value) && Enum.IsDefined(value) && !char.IsAsciiDigit(text![0]) ? value
            : throw Bad(table, rowGroup, row, column, $"is \"{text}\", not one of {string.Join(", ", Enum.GetNames<T>().Select(name => name.ToLowerInvariant()))}");

    /// <summary>The complaint about one cell.</summary>
    public static InputException Bad(ParquetTable table, int rowGroup, int row, string column, string what) =>
        new($"{table.Path}: row group {rowGroup}, row {row}: `{column}` {what}", "write the traces again with `distill teacher-gen`");
}
