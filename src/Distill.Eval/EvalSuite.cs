using Distill.Prompts;
using Distill.Runs;

namespace Distill.Eval;

/// <summary>A set of problems with everything that decides a score on it: prompts, template, sampling, verifier, metrics.</summary>
public sealed record EvalSuite
{
    /// <summary>Most samples of a problem.</summary>
    internal const int MostSamples = 10_000;

    /// <summary>Name, used in results and file names.</summary>
    public required string Name { get; init; }

    /// <summary>Raised when anything that moves scores changes: scores of different versions are not comparable.</summary>
    public required int Version { get; init; }

    /// <summary>The suite's file.</summary>
    public required string Path { get; init; }

    /// <summary>File or folder of prompts, or null where they are generated.</summary>
    public string? Prompts { get; init; }

    /// <summary>Where the prompts can be had, for those who do not have them; null where nothing is said.</summary>
    public string? Source { get; init; }

    /// <summary>Content hash that the prompts must have, or null when any will do.</summary>
    public string? PromptsHash { get; init; }

    /// <summary>Generated arithmetic problems, or null where prompts are read.</summary>
    public ArithmeticSet? Generate { get; init; }

    /// <summary>What is added to each problem.</summary>
    public PromptTemplate Template { get; init; }

    /// <summary>Samples of each problem.</summary>
    public int Samples { get; init; } = 1;

    /// <summary>Temperature of sampling.</summary>
    public double Temperature { get; init; } = 0.6;

    /// <summary>Nucleus of sampling.</summary>
    public double TopP { get; init; } = 0.95;

    /// <summary>Most tokens of one completion.</summary>
    public int MaxTokens { get; init; } = 32768;

    /// <summary>Names of verifiers, tried in order.</summary>
    public IReadOnlyList<string> Verifiers { get; init; } = ["math"];

    /// <summary>The k of each pass@k to report; 1 is always among them.</summary>
    public IReadOnlyList<int> PassAt { get; init; } = [1];

    /// <summary>Reads a suite's YAML file.</summary>
    /// <exception cref="InputException">The file is missing or not a suite; the message names file and line.</exception>
    public static EvalSuite Load(string path) => SuiteFile.Read(path);

    /// <summary>The suite with the options' values in place of its own; a pass@k that needs more samples than they ask for is left out.</summary>
    /// <exception cref="InputException">A value is out of range.</exception>
    public EvalSuite With(EvalOptions options)
    {
        EvalSuite suite = this with
        {
            Samples = options.Samples ?? Samples,
            PassAt = options.Samples is { } samples ? [.. PassAt.Where(k => k == 1 || k <= samples)] : PassAt,
            Temperature = options.Temperature ?? Temperature,
            TopP = options.TopP ?? TopP,
            MaxTokens = options.MaxTokens ?? MaxTokens,
        };
        suite.Check();
        return suite;
    }

    /// <summary>Refuses a suite whose prompts are not there.</summary>
    /// <exception cref="InputException">They are not.</exception>
    public void RequirePrompts()
    {
        if (Prompts is null || System.IO.Path.Exists(Prompts)) return;
        throw new InputException($"{Path}: its problems are not there: {Prompts}", Source is null ? "put them there, or mend the suite's `prompts`" : $"download them from {Source} to that place");
    }

    /// <summary>The problems, template applied.</summary>
    /// <param name="limit">Take only so many from the front.</param>
    /// <exception cref="InputException">The prompts cannot be read, have no reference answers, or are not those of the hash.</exception>
    public IReadOnlyList<Prompt> Problems(int? limit = null)
    {
        RequirePrompts();
        if (Prompts is not null && PromptsHash is not null && Fingerprint.OfPath(Prompts) != PromptsHash)
            throw new InputException($"{Path}: {Prompts} is not the file that this suite was made for (its sha256 differs)", "restore the file, or set `sha256` and raise `version`");
        IEnumerable<Prompt> prompts = Generate is { } set
            ? ArithmeticProblems.Generate(set.Split, set.Count, set.Seed, heldOut: true)
            : PromptReader.Read(Prompts!, answerRequired: true);
        Prompt[] problems = [.. (limit is { } count ? prompts.Take(count) : prompts).Select(prompt => Template.Apply(prompt))];
        return problems.Length > 0 ? problems : throw new InputException($"{Path}: the suite has no problems", "check `prompts`");
    }

    private void Check()
    {
        Require(Samples is >= 1 and <= MostSamples, "samples", Samples, $"1 to {MostSamples}");
        Require(Temperature is >= 0 and <= 10, "temperature", Temperature, "0 to 10");
        Require(TopP is > 0 and <= 1, "top_p", TopP, "above 0, at most 1");
        Require(MaxTokens >= 1, "max_tokens", MaxTokens, "1 or more");
        if (PassAt.Max() > Samples) throw new InputException($"{Path}: pass@{PassAt.Max()} cannot be estimated from {Samples} samples", "raise `samples`, or drop the metric");
        if (Temperature == 0 && Samples > 1) throw new InputException($"{Path}: temperature 0 gives the same completion {Samples} times", "take one sample, or raise the temperature");
    }

    private void Require(bool holds, string key, double value, string allowed)
    {
        if (!holds) throw new InputException($"{Path}: `{key}` is {value}", $"give {allowed}");
    }
}

/// <summary>Arithmetic problems of the part that is never trained on (<see cref="ArithmeticProblems"/>).</summary>
/// <param name="Split">How hard.</param>
/// <param name="Count">How many.</param>
/// <param name="Seed">Same seed, same problems.</param>
public sealed record ArithmeticSet(ArithmeticSplit Split, int Count, long Seed);
