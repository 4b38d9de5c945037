using Distill.Prompts;
using Distill.Runs;

namespace Distill.Curation;

/// <summary>Options of <c>curate</c>, which chooses the traces to learn from.</summary>
public sealed record CurateOptions : ICheckedOptions
{
    /// <summary>Traces of our own, or public sets of completions.</summary>
    [Option("traces to choose from: files or folders of our own traces, or public sets of completions (Parquet, JSON)", Required = true, IsPath = true)]
    public IReadOnlyList<string> Traces { get; init; } = [];

    /// <summary>Folder that receives <c>dataset/</c>, <c>fates.parquet</c>, <c>funnel.json</c> and <c>examples.json</c>.</summary>
    [Option("folder to write the training set into", Required = true, IsPath = true)]
    public string Out { get; init; } = "";

    /// <summary>A trace is kept when one of these keeps it.</summary>
    [Option("which verdicts are kept; of several, each keeps its own")]
    public IReadOnlyList<VerdictPolicy> Verdicts { get; init; } = [VerdictPolicy.Correct];

    /// <summary>What rows are dropped for.</summary>
    [Option("what rows are dropped for")]
    public IReadOnlyList<CurationFilter> Filters { get; init; } =
    [
        CurationFilter.Truncated, CurationFilter.ReasoningUnclosed, CurationFilter.EmptyAnswer, CurationFilter.Repetition, CurationFilter.MixedLanguages,
        CurationFilter.TemplateRemnants, CurationFilter.Duplicate, CurationFilter.NearDuplicate,
    ];

    /// <summary>Whether the filters <c>truncated</c> and <c>reasoning-unclosed</c> apply.</summary>
    [Option("drop completions that were cut off or never finished their reasoning; false takes both filters off the list")]
    public bool DropTruncated { get; init; } = true;

    /// <summary>Traces of fewer tokens are dropped.</summary>
    [Option("fewest tokens of a completion")]
    public int MinTokens { get; init; }

    /// <summary>Traces of more tokens are dropped; 0 keeps them all.</summary>
    [Option("most tokens of a completion, 0 for no limit")]
    public int MaxTokens { get; init; }

    /// <summary>The student's tokenizer, or empty to use the counts in the traces.</summary>
    [Option("folder of the student's tokenizer, to count tokens as the student will; else the counts in the traces", IsPath = true)]
    public string Tokenizer { get; init; } = "";

    /// <summary>Verifiers that judge rows which carry no verdict.</summary>
    [Option("verifiers that judge rows without a verdict, tried in order")]
    public IReadOnlyList<string> Verify { get; init; } = [];

    /// <summary>Prompts of a lower pass rate over their samples are dropped.</summary>
    [Option("least share of a prompt's samples that are correct")]
    public double MinPassRate { get; init; }

    /// <summary>Prompts of a higher pass rate over their samples are dropped.</summary>
    [Option("greatest share of a prompt's samples that are correct, e.g. 0.9 to leave out what is too easy")]
    public double MaxPassRate { get; init; } = 1;

    /// <summary>Evaluation sets that must not be trained on.</summary>
    [Option("evaluation sets whose problems are dropped: suites (.yaml) or files of prompts", IsPath = true)]
    public IReadOnlyList<string> Decontaminate { get; init; } = [];

    /// <summary>Length of the runs of words that are looked for.</summary>
    [Option("words in a row that a problem of an evaluation set and a prompt share")]
    public int DecontaminateNgram { get; init; } = 8;

    /// <summary>Share of a problem's words that have to be found in such runs.</summary>
    [Option("share of a problem's words that have to be found in such runs, or 13 in a row; 0 drops for any shared run")]
    public double DecontaminateCoverage { get; init; } = 0.5;

    /// <summary>Whether contaminated rows are only reported.</summary>
    [Option("report what is found in evaluation sets without dropping it")]
    public bool KeepContaminated { get; init; }

    /// <summary>Similarity from which on two prompts are nearly the same.</summary>
    [Option("Jaccard similarity of five-word runs from which on two prompts are near duplicates")]
    public double NearDuplicateSimilarity { get; init; } = 0.7;

    /// <summary>Most traces of one prompt; 0 keeps them all.</summary>
    [Option("most traces kept per prompt, 0 for all")]
    public int MaxPerPrompt { get; init; }

    /// <summary>Which traces those are.</summary>
    [Option("which traces of a prompt are kept when there are more than wanted")]
    public SelectionPolicy Selection { get; init; } = SelectionPolicy.First;

    /// <summary>Shares of the sources, in the order of <see cref="Traces"/>; none keeps all rows.</summary>
    [Option("weight of each of the traces in the training set, in their order, e.g. 3,1; none keeps all")]
    public IReadOnlyList<double> Weights { get; init; } = [];

    /// <summary>Conversations that keep the student's general skills; no verdict is asked of them.</summary>
    [Option("general data to mix in: files or folders whose rows need no verdict", IsPath = true)]
    public IReadOnlyList<string> General { get; init; } = [];

    /// <summary>Their share of the training set's rows.</summary>
    [Option("greatest share of general data among the rows of the training set")]
    public double GeneralShare { get; init; } = 0.2;

    /// <summary>Most rows in all; 0 keeps them all.</summary>
    [Option("most rows of the training set, drawn by the seed, 0 for all")]
    public int MaxRows { get; init; }

    /// <summary>Whether the reasoning is left out, for a student that learns answers only. Which rows are kept stays the same.</summary>
    [Option("leave the reasoning out of the training set (answers only)")]
    public bool DropReasoning { get; init; }

    /// <summary>Column of a public set that holds the problem.</summary>
    [Option("column of a public set that holds the problem; found by its name if not given")]
    public string? PromptColumn { get; init; }

    /// <summary>Column of a public set that holds what the model wrote.</summary>
    [Option("column of a public set that holds the completion; found by its name if not given")]
    public string? CompletionColumn { get; init; }

    /// <summary>Column of a public set that holds the reference answer.</summary>
    [Option("column of a public set that holds the reference answer; found by its name if not given")]
    public string? GoldColumn { get; init; }

    /// <summary>Seed of everything that is drawn.</summary>
    [Option("seed of the random selection")]
    public long Seed { get; init; } = 17;

    /// <summary>Most rows of a file of the training set.</summary>
    internal int RowsPerPart { get; init; } = 50_000;

    internal ColumnMap Columns => new() { Prompt = PromptColumn, Completion = CompletionColumn, Answer = GoldColumn };

    internal IReadOnlyList<CurationFilter> EffectiveFilters => DropTruncated ? Filters
        : [.. Filters.Where(filter => filter is not (CurationFilter.Truncated or CurationFilter.ReasoningUnclosed))];

    internal bool Uses(CurationFilter filter) => EffectiveFilters.Contains(filter);

    /// <inheritdoc/>
    public void Check() => CurateCheck.Check(this);
}
