using System.Text.Json;
using Distill.Runs;
using Distill.Traces;

namespace Distill.Curation;

/// <summary>
/// <c>funnel.json</c>: how many traces came in, how many each reason dropped, how many are left. Every trace is counted
/// under the first reason that holds, so the steps add up.
/// </summary>
public sealed record FilterFunnel
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "funnel.json";

    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>Traces read.</summary>
    public required long RowsIn { get; init; }

    /// <summary>Their completion tokens.</summary>
    public required long TokensIn { get; init; }

    /// <summary>Different prompts among them.</summary>
    public required int PromptsIn { get; init; }

    /// <summary>Every reason in the order in which it is asked, also those that dropped nothing.</summary>
    public required IReadOnlyList<FunnelStep> Steps { get; init; }

    /// <summary>Traces kept.</summary>
    public required long RowsOut { get; init; }

    /// <summary>Their completion tokens, as the teacher produced them.</summary>
    public required long TokensOut { get; init; }

    /// <summary>Different prompts among those kept.</summary>
    public required int PromptsOut { get; init; }

    /// <summary>Reads the funnel of a stage folder.</summary>
    /// <exception cref="InputException">It is missing or damaged.</exception>
    public static FilterFunnel Load(string folder)
    {
        string path = Path.Combine(folder, FileName);
        try
        {
            return JsonSerializer.Deserialize<FilterFunnel>(File.ReadAllText(path), Json) ?? throw new JsonException("the file holds null");
        }
        catch (Exception e) when (e is JsonException or IOException)
        {
            throw new InputException($"{path}: cannot be read ({e.Message.ReplaceLineEndings(" ")})", "run `distill curate` again", inner: e);
        }
    }

    internal void Save(string folder) =>
        AtomicFile.WriteText(Path.Combine(folder, FileName), JsonSerializer.Serialize(this, Json) + "\n");

    /// <summary>Counts traces by fate.</summary>
    internal sealed class Counter
    {
        private readonly long[] _rows = new long[Enum.GetValues<Fate>().Length];
        private readonly long[] _tokens = new long[Enum.GetValues<Fate>().Length];
        private readonly HashSet<string> _promptsIn = [], _promptsOut = [];

        public void Add(Trace trace, Fate fate)
        {
            _rows[(int)fate]++;
            _tokens[(int)fate] += trace.Completion.CompletionTokens;
            _promptsIn.Add(trace.Prompt.Id);
            if (fate == Fate.Kept) _promptsOut.Add(trace.Prompt.Id);
        }

        public FilterFunnel ToFunnel()
        {
            long remaining = _rows.Sum();
            return new FilterFunnel
            {
                RowsIn = remaining,
                TokensIn = _tokens.Sum(),
                PromptsIn = _promptsIn.Count,
                Steps = [.. Fates.Reasons.Select(fate => new FunnelStep(Fates.NameOf(fate), _rows[(int)fate], _tokens[(int)fate], remaining -= _rows[(int)fate]))],
                RowsOut = _rows[(int)Fate.Kept],
                TokensOut = _tokens[(int)Fate.Kept],
                PromptsOut = _promptsOut.Count,
            };
        }
    }
}
