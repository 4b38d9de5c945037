using Distill.Runs;
using Distill.Verification;

namespace Distill.Curation;

/// <summary>Which traces of a prompt are kept when there are more than wanted.</summary>
public enum SelectionPolicy
{
    /// <summary>Those that come first.</summary>
    First,

    /// <summary>Those of the fewest tokens.</summary>
    Shortest,

    /// <summary>Any, drawn by the seed.</summary>
    Random,
}

/// <summary>Options of <c>curate</c>, which chooses the traces to learn from.</summary>
public sealed record CurateOptions
{
    /// <summary>A trace file, or a folder of them.</summary>
    [Option("traces to choose from: a Parquet file or a folder of them", Required = true, IsPath = true)]
    public string Traces { get; init; } = "";

    /// <summary>Folder that receives <c>dataset/</c>, <c>funnel.json</c> and <c>examples.json</c>.</summary>
    [Option("folder to write the training set into", Required = true, IsPath = true)]
    public string Out { get; init; } = "";

    /// <summary>Traces of any other verdict are dropped.</summary>
    [Option("verdicts that are kept")]
    public IReadOnlyList<Outcome> Verdicts { get; init; } = [Outcome.Correct];

    /// <summary>Whether traces that hit the token limit, or never closed their reasoning, are dropped.</summary>
    [Option("drop completions that were cut off or never finished their reasoning")]
    public bool DropTruncated { get; init; } = true;

    /// <summary>Traces of more tokens are dropped; 0 keeps them all.</summary>
    [Option("most tokens of a completion, 0 for no limit")]
    public int MaxTokens { get; init; }

    /// <summary>Most traces of one prompt; 0 keeps them all.</summary>
    [Option("most traces kept per prompt, 0 for all")]
    public int MaxPerPrompt { get; init; }

    /// <summary>Which traces those are.</summary>
    [Option("which traces of a prompt are kept when there are more than wanted")]
    public SelectionPolicy Selection { get; init; } = SelectionPolicy.First;

    /// <summary>Whether the reasoning is left out, for a student that learns answers only. Which rows are kept stays the same.</summary>
    [Option("leave the reasoning out of the training set (answers only)")]
    public bool DropReasoning { get; init; }

    /// <summary>Seed of the random selection.</summary>
    [Option("seed of the random selection")]
    public long Seed { get; init; } = 17;
}
