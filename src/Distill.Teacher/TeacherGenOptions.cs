using Distill.Runs;

namespace Distill.Teacher;

/// <summary>Options of <c>distill teacher-gen</c>.</summary>
public sealed record TeacherGenOptions
{
    /// <summary>Prompts to complete: a file or folder that <see cref="Prompts.PromptReader"/> reads.</summary>
    [Option("prompts to complete: .jsonl, .json or .parquet file, or a folder", Required = true, IsPath = true)]
    public string Prompts { get; init; } = "";

    /// <summary>
    /// Folder of a Hugging Face model, <c>embedded</c> for the one that is delivered, or <c>worked</c> for the prompts' own
    /// worked solutions. Not used with <see cref="Endpoint"/>.
    /// </summary>
    [Option("who completes them: a model folder, `embedded` (artifacts/tiny-r1), or `worked` (the prompts' worked solutions)", IsPath = true)]
    public string Teacher { get; init; } = Teachers.Embedded;

    /// <summary>Base address of an OpenAI-compatible server, which then is the teacher.</summary>
    [Option("address of an OpenAI-compatible server as teacher, e.g. http://localhost:8000/v1")]
    public string? Endpoint { get; init; }

    /// <summary>Model at the endpoint.</summary>
    [Option("name of the model at the endpoint")]
    public string? Model { get; init; }

    /// <summary>File that holds the endpoint's key; without it <c>DISTILL_API_KEY</c> or <c>OPENAI_API_KEY</c> is used.</summary>
    [Option("file with the endpoint's API key (else the environment's DISTILL_API_KEY or OPENAI_API_KEY)", DoesNotChangeResult = true)]
    public string? ApiKeyFile { get; init; }

    /// <summary>Rollouts for each prompt.</summary>
    [Option("rollouts for each prompt")]
    public int SamplesPerPrompt { get; init; } = 1;

    /// <summary>Temperature of sampling; DeepSeek recommends 0.6 for R1.</summary>
    [Option("sampling temperature; 0 takes the likeliest token")]
    public double Temperature { get; init; } = 0.6;

    /// <summary>Nucleus of sampling.</summary>
    [Option("keep the smallest set of likeliest tokens with this probability")]
    public double TopP { get; init; } = 0.95;

    /// <summary>Likeliest tokens to sample from; 0 is no limit.</summary>
    [Option("keep this many likeliest tokens; 0 keeps all")]
    public int TopK { get; init; }

    /// <summary>Most tokens of one completion.</summary>
    [Option("most tokens of one completion, reasoning included")]
    public int MaxTokens { get; init; } = 32768;

    /// <summary>Names of verifiers, tried in order.</summary>
    [Option("how completions are judged: math, exact, none")]
    public IReadOnlyList<string> Verify { get; init; } = ["math"];

    /// <summary>Take only so many prompts from the front.</summary>
    [Option("use only the first N prompts")]
    public int? Limit { get; init; }

    /// <summary>Seed of the run; each rollout's seed follows from it.</summary>
    [Option("seed of the sampling")]
    public long Seed { get; init; } = 17;

    /// <summary>Sequences that a local model computes together; part of the result because rounding depends on it.</summary>
    [Option("sequences that a local model computes together")]
    public int BatchSize { get; init; } = 64;

    /// <summary>Requests under way at an endpoint.</summary>
    [Option("requests under way at the endpoint at the same time", DoesNotChangeResult = true)]
    public int Concurrency { get; init; } = 8;

    /// <summary>Where a local model computes.</summary>
    [Option("where a local model computes: cpu, cuda", DoesNotChangeResult = true)]
    public string Device { get; init; } = "cpu";

    /// <summary>Stage folder.</summary>
    [Option("folder to write traces/ into", Required = true, IsPath = true)]
    public string Out { get; init; } = "";
}
