using Distill.Runs;

namespace Distill.Curation.Lint;

/// <summary>Options of <c>curate --lint</c>, which looks through a data set and changes nothing.</summary>
public sealed record LintOptions
{
    /// <summary>The data set.</summary>
    [Option("look through a data set instead: print what is wrong with its rows, and write nothing", Required = true, IsPath = true)]
    public string Lint { get; init; } = "";

    /// <summary>Verifiers that compare answers with the set's reference answers.</summary>
    [Option("verifiers that judge rows without a verdict, tried in order")]
    public IReadOnlyList<string> Verify { get; init; } = ["math"];

    /// <inheritdoc cref="CurateOptions.Decontaminate"/>
    [Option("evaluation sets whose problems are looked for", IsPath = true)]
    public IReadOnlyList<string> Decontaminate { get; init; } = [];

    /// <inheritdoc cref="CurateOptions.DecontaminateNgram"/>
    [Option("words in a row that a problem and a prompt share")]
    public int DecontaminateNgram { get; init; } = 8;

    /// <inheritdoc cref="CurateOptions.DecontaminateCoverage"/>
    [Option("share of a problem's words that have to be found")]
    public double DecontaminateCoverage { get; init; } = 0.5;

    /// <inheritdoc cref="CurateOptions.NearDuplicateSimilarity"/>
    [Option("similarity from which on two prompts are near duplicates")]
    public double NearDuplicateSimilarity { get; init; } = 0.7;

    /// <inheritdoc cref="CurateOptions.PromptColumn"/>
    [Option("column that holds the problem")]
    public string? PromptColumn { get; init; }

    /// <inheritdoc cref="CurateOptions.CompletionColumn"/>
    [Option("column that holds the completion")]
    public string? CompletionColumn { get; init; }

    /// <inheritdoc cref="CurateOptions.GoldColumn"/>
    [Option("column that holds the reference answer")]
    public string? GoldColumn { get; init; }

    /// <summary>Examples of each finding.</summary>
    [Option("with --lint: examples shown of each finding")]
    public int Examples { get; init; } = 2;

    /// <summary>Whether the command fails when something is wrong.</summary>
    [Option("with --lint: end with exit code 1 when a problem is found")]
    public bool Strict { get; init; }

    /// <summary>Whether the report is printed as JSON.</summary>
    [Option("with --lint: print the report as JSON")]
    public bool Json { get; init; }

    // Every filter and duplicate check, on rows as they are.
    internal CurateOptions ToCurateOptions() => new()
    {
        Traces = [Lint],
        Verdicts = [VerdictPolicy.All],
        Filters = [CurationFilter.NearDuplicate],
        Decontaminate = Decontaminate,
        DecontaminateNgram = DecontaminateNgram,
        DecontaminateCoverage = DecontaminateCoverage,
        NearDuplicateSimilarity = NearDuplicateSimilarity,
        PromptColumn = PromptColumn,
        CompletionColumn = CompletionColumn,
        GoldColumn = GoldColumn,
    };
}
