using Distill.Runs;

namespace Distill.Serving;

/// <summary>Options of <c>distill plan teacher</c>.</summary>
public sealed record TeacherPlanOptions : ServedModelOptions
{
    /// <summary>Machines to compare.</summary>
    [Option("machines of one replica, e.g. 8xH200 or 2x8xH100; several are compared")]
    public IReadOnlyList<string> Topology { get; init; } = ["8xH200", "2x8xH100", "2x8xH200"];

    /// <summary>How the model is divided.</summary>
    [Option("how the model is divided among the accelerators; auto shows every way")]
    public Parallelism Parallelism { get; init; }

    /// <summary>Tokens that a running request keeps on average.</summary>
    [Option("tokens that a running request keeps in the cache on average; worked out when --mean-tokens is given, else as open-r1 saw it (6700)")]
    public int? ResidentTokens { get; init; }

    /// <summary>Prompts.</summary>
    [Option("prompts of the run")]
    public long? Prompts { get; init; }

    /// <summary>Rollouts for each prompt.</summary>
    [Option("rollouts for each prompt")]
    public int Samples { get; init; } = 1;

    /// <summary>Mean tokens of a completion.</summary>
    [Option("mean tokens of a completion; a pilot of 200 rollouts or more tells")]
    public double? MeanTokens { get; init; }

    /// <summary>Their standard deviation.</summary>
    [Option("standard deviation of the tokens of a completion (else their mean)")]
    public double? DeviationTokens { get; init; }

    /// <summary>Mean tokens of a prompt.</summary>
    [Option("mean tokens of a prompt")]
    public double PromptTokens { get; init; } = 200;

    /// <summary>Most tokens of a completion.</summary>
    [Option("most tokens of one completion, reasoning included")]
    public int MaxTokens { get; init; } = 32_768;

    /// <summary>Share of rollouts that are accepted.</summary>
    [Option("share of rollouts that are accepted, from a pilot")]
    public double? AcceptRate { get; init; }

    /// <summary>Share of tokens that come to nothing.</summary>
    [Option("share of tokens in retries, loops and cut rollouts, on top of the useful ones")]
    public double Waste { get; init; } = GenerationWork.UsualWaste;

    /// <summary>Measured speed of one replica.</summary>
    [Option("tokens of completions a second that you measured on one replica; nothing is quoted without it")]
    public double? TokensPerSecond { get; init; }

    /// <summary>Replicas.</summary>
    [Option("replicas that work at once")]
    public int Replicas { get; init; } = 1;

    /// <summary>Price of an accelerator.</summary>
    [Option("dollars for one accelerator for an hour")]
    public double? Price { get; init; }

    /// <summary>Price of an API.</summary>
    [Option("dollars that an API takes for a million tokens of completions, to compare with")]
    public double? ApiPrice { get; init; }

    /// <summary>Refuses what cannot be meant.</summary>
    /// <exception cref="InputException">A value is out of range, or one is missing beside another.</exception>
    internal void Check()
    {
        (bool Holds, string Option, string Allowed)[] rules =
        [
            (ContextLength >= 1, "context-length", "1 or more"), (MemoryFraction is > 0 and < 1, "memory-fraction", "above 0, below 1"),
            (ResidentTokens is null or >= 1, "resident-tokens", "1 or more"), (Prompts is null or >= 1, "prompts", "1 or more"), (Samples >= 1, "samples", "1 or more"),
            (MeanTokens is null or >= 1, "mean-tokens", "1 or more"), (DeviationTokens is null or >= 0, "deviation-tokens", "0 or more"), (PromptTokens >= 0, "prompt-tokens", "0 or more"),
            (MaxTokens >= 1, "max-tokens", "1 or more"), (AcceptRate is null or (> 0 and <= 1), "accept-rate", "above 0, at most 1"), (Waste is >= 0 and <= 10, "waste", "0 to 10"),
            (TokensPerSecond is null or > 0, "tokens-per-second", "above 0"), (Replicas >= 1, "replicas", "1 or more"), (Price is null or > 0, "price", "above 0"), (ApiPrice is null or > 0, "api-price", "above 0"),
        ];
        if (rules.FirstOrDefault(rule => !rule.Holds) is { Option: { } option, Allowed: { } allowed }) throw new InputException($"--{option} is out of range", $"give {allowed}");
        if (Prompts is null != MeanTokens is null) throw new InputException("--prompts and --mean-tokens go together", "give both for the work of a run, or neither");
        if (TokensPerSecond is not null && Prompts is null) throw new InputException("--tokens-per-second tells nothing without --prompts and --mean-tokens", "add both");
        if (TokensPerSecond is not null && (Topology.Count != 1 || Parallelism == Parallelism.Auto))
            throw new InputException("--tokens-per-second was measured on one topology", "name that one with --topology, and how the model was divided with --parallelism");
    }
}
