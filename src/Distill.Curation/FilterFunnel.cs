using System.Text.Json;
using Distill.Runs;

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

    /// <summary>Their completion tokens: the student's where a tokenizer was named, else as the traces count them.</summary>
    public required long TokensOut { get; init; }

    /// <summary>Different prompts among those kept.</summary>
    public required int PromptsOut { get; init; }

    /// <summary>What each verdict policy would have kept, everything else the same.</summary>
    public IReadOnlyList<PolicyOutcome> Policies { get; init; } = [];

    /// <summary>What came of each source.</summary>
    public IReadOnlyList<SourceOutcome> Sources { get; init; } = [];

    /// <summary>What was found of each evaluation set.</summary>
    public IReadOnlyList<BenchmarkOutcome> Benchmarks { get; init; } = [];

    /// <summary>Prompts that share runs of words with a problem of an evaluation set, too few to be it; they are kept.</summary>
    public long BelowContaminationThreshold { get; init; }

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
}

/// <summary>What a verdict policy would have kept.</summary>
/// <param name="Policy">Its name.</param>
/// <param name="Rows">Traces.</param>
/// <param name="Prompts">Different prompts among them.</param>
/// <param name="Tokens">Their completion tokens.</param>
public sealed record PolicyOutcome(string Policy, long Rows, int Prompts, long Tokens);

/// <summary>What came of a source.</summary>
/// <param name="Source">The last two parts of its path.</param>
/// <param name="RowsIn">Traces read from it.</param>
/// <param name="RowsOut">Traces kept.</param>
/// <param name="TokensOut">Their completion tokens.</param>
/// <param name="Share">Its share of the training set's rows, 0 to 1.</param>
public sealed record SourceOutcome(string Source, long RowsIn, long RowsOut, long TokensOut, double Share);

/// <summary>What was found of an evaluation set.</summary>
/// <param name="Set">Its name.</param>
/// <param name="Problems">Problems in it.</param>
/// <param name="Found">Problems of it that prompts contain.</param>
/// <param name="Prompts">Prompts that contain one.</param>
/// <param name="Examples">The first of them: problem, rule, and the matching span.</param>
public sealed record BenchmarkOutcome(string Set, int Problems, int Found, int Prompts, IReadOnlyList<BenchmarkHit> Examples);

/// <summary>A problem of an evaluation set found in a prompt.</summary>
/// <param name="Problem">Set and number of the problem.</param>
/// <param name="Rule"><c>exact</c>, <c>ngram</c>, <c>similar</c> or <c>one_word</c>.</param>
/// <param name="Overlap">Similarity, or the share of its words that were found.</param>
/// <param name="Span">The part of the prompt that matches.</param>
public sealed record BenchmarkHit(string Problem, string Rule, double Overlap, string Span);
