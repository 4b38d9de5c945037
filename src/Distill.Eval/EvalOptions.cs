using Distill.Runs;

namespace Distill.Eval;

/// <summary>Options of <c>distill eval</c>. A value given here overrides the suite's own.</summary>
public sealed record EvalOptions : ICheckedOptions
{
    /// <summary>The model: a Hugging Face folder, a GGUF file, or an ONNX folder or file. The artifact itself is scored.</summary>
    [Option("model to score: a model folder, a .gguf file, an ONNX folder or .onnx file", Required = true, IsPath = true)]
    public string Model { get; init; } = "";

    /// <summary>Suites to score it on.</summary>
    [Option("suites to score it on, e.g. eval/suites/arithmetic-basic.yaml", Required = true, IsPath = true)]
    public IReadOnlyList<string> Suites { get; init; } = [];

    /// <summary>Folder of quantised GGUF files of the model; each is scored and compared with it.</summary>
    [Option("folder of quantised GGUF files of the model (an export's output), each to be scored and compared with it", IsPath = true)]
    public string? Quantization { get; init; }

    /// <summary>What quantised files are compared on.</summary>
    [Option("with --quantization: texts to compare on, each a text file or a folder of traces", IsPath = true)]
    public IReadOnlyList<string> Texts { get; init; } = [];

    /// <summary>Most chunks of each text.</summary>
    [Option("with --quantization: most chunks of 512 tokens, or traces, of each text")]
    public int Chunks { get; init; } = 32;

    /// <summary>What the model is called in results.</summary>
    [Option("what to call the model in the results; else the name of its file or folder")]
    public string? Name { get; init; }

    /// <summary>Samples of each problem.</summary>
    [Option("samples of each problem, instead of the suite's number")]
    public int? Samples { get; init; }

    /// <summary>Take only so many problems from the front.</summary>
    [Option("use only the first N problems of each suite")]
    public int? Limit { get; init; }

    /// <summary>Temperature of sampling.</summary>
    [Option("sampling temperature, instead of the suite's; 0 takes the likeliest token")]
    public double? Temperature { get; init; }

    /// <summary>Nucleus of sampling.</summary>
    [Option("keep the smallest set of likeliest tokens with this probability, instead of the suite's")]
    public double? TopP { get; init; }

    /// <summary>Most tokens of one completion.</summary>
    [Option("most tokens of one completion, instead of the suite's")]
    public int? MaxTokens { get; init; }

    /// <summary>Seed; each sample's own follows from it.</summary>
    [Option("seed of the sampling")]
    public long Seed { get; init; } = 17;

    /// <summary>Sequences computed together; part of the result because rounding depends on it.</summary>
    [Option("sequences computed together")]
    public int BatchSize { get; init; } = 64;

    /// <summary>Where the model computes.</summary>
    [Option("where the model computes: cpu, cuda, cuda:N; several, separated by commas, share its layers", DoesNotChangeResult = true)]
    public string Device { get; init; } = "cpu";

    /// <summary>Stage folder.</summary>
    [Option("folder to write eval.json, eval.md and completions/ into", Required = true, IsPath = true)]
    public string Out { get; init; } = "";

    /// <inheritdoc/>
    public void Check()
    {
        if (Suites.Count == 0) throw new InputException("no suite is named", "add --suites eval/suites/arithmetic-basic.yaml");
        if (Quantization is not null && Texts.Count == 0) throw new InputException("nothing to compare the files on", "add `--texts` with a text file, a folder of traces, or both");
        Require(Chunks >= 1, "chunks", Chunks, "1 or more");
        Require(Samples is null or (>= 1 and <= EvalSuite.MostSamples), "samples", Samples ?? 0, $"1 to {EvalSuite.MostSamples}");
        Require(Limit is null or >= 1, "limit", Limit ?? 0, "1 or more");
        Require(Temperature is null or (>= 0 and <= 10), "temperature", Temperature ?? 0, "0 to 10");
        Require(TopP is null or (> 0 and <= 1), "top-p", TopP ?? 0, "above 0, at most 1");
        Require(MaxTokens is null or >= 1, "max-tokens", MaxTokens ?? 0, "1 or more");
        Require(BatchSize >= 1, "batch-size", BatchSize, "1 or more");
    }

    private static void Require(bool holds, string option, double value, string allowed)
    {
        if (!holds) throw new InputException($"--{option} {value} is out of range", $"give {allowed}");
    }
}
