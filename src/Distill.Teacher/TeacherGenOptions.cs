using Distill.Inference.Endpoints;
using Distill.Inference.Fleet;
using Distill.Prompts;
using Distill.Runs;

namespace Distill.Teacher;

/// <summary>Options of <c>distill teacher-gen</c>.</summary>
public sealed record TeacherGenOptions : IForkableOptions, ICheckedOptions
{
    /// <summary>Prompts to complete: a file or folder that <see cref="Prompts.PromptReader"/> reads.</summary>
    [Option("prompts to complete: .jsonl, .json or .parquet file, or a folder", Required = true, IsPath = true)]
    public string Prompts { get; init; } = "";

    /// <summary>
    /// Folder of a Hugging Face model, <c>embedded</c> for the one that is delivered, or <c>worked</c> for the prompts' own
    /// worked solutions. Not used with <see cref="Endpoint"/>.
    /// </summary>
    [Option("who completes them: a model folder, `embedded` (artifacts/tiny-r1), or `worked` (the prompts' worked solutions)", IsPath = true, MayBeName = true)]
    public string Teacher { get; init; } = Teachers.Embedded;

    /// <summary>
    /// Base addresses of servers, which then are the teacher: <c>URL[,weight=N][,dialect=NAME][,key-file=PATH]</c>. Where the
    /// model is served is no part of the result.
    /// </summary>
    [Option("servers as teacher, e.g. http://localhost:8000/v1; an address may be followed by ,weight=N ,dialect=NAME ,key-file=PATH", DoesNotChangeResult = true)]
    public IReadOnlyList<string> Endpoint { get; init; } = [];

    /// <summary>Model at the endpoints.</summary>
    [Option("name of the model at the endpoints")]
    public string? Model { get; init; }

    /// <summary>Revision of the model, part of the identity of its completions.</summary>
    [Option("revision of the model, when its name alone does not tell which weights it has")]
    public string? Revision { get; init; }

    /// <summary>File that holds the endpoint's key; without it <c>DISTILL_API_KEY</c> or <c>OPENAI_API_KEY</c> is used.</summary>
    [Option("file with the endpoint's API key (else the environment's DISTILL_API_KEY or OPENAI_API_KEY)", DoesNotChangeResult = true)]
    public string? ApiKeyFile { get; init; }

    /// <summary>Rollouts for each prompt.</summary>
    [Option("rollouts for each prompt")]
    public int Samples { get; init; } = 1;

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
    [Option("how completions are judged: auto (as each prompt asks), math, code, choice, exact, regex, json, ifeval, drop, none")]
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

    /// <summary>Most requests under way at each endpoint; null finds out what it can do.</summary>
    [Option("most requests under way at each endpoint; without it, as many as it keeps up with", DoesNotChangeResult = true)]
    public int? Concurrency { get; init; }

    /// <summary>What to do with completions that the token limit cut off.</summary>
    [Option("completions that --max-tokens cut off: keep them, continue them, or escalate to twice the limit")]
    public TruncationPolicy OnTruncation { get; init; }

    /// <summary>Share of cut rollouts at which the run stops.</summary>
    [Option("stop when more than this share of at least 200 rollouts was cut off by --max-tokens; 1 never stops", DoesNotChangeResult = true)]
    public double MaxTruncated { get; init; } = 0.3;

    /// <summary>Whether completions that stray into another script are stopped under way, and servers asked once more.</summary>
    [Option("stop completions that stray into another script than their prompt's; servers are asked once more")]
    public bool RejectLanguageMixing { get; init; }

    /// <summary>Whether requests without text for long are sent to a second endpoint.</summary>
    [Option("send a request that has had no text for long to an idle endpoint too", DoesNotChangeResult = true)]
    public bool Hedge { get; init; }

    /// <summary>Minutes without any text, while requests fail, after which the run stops.</summary>
    [Option("minutes to wait for servers that are gone before the run stops; it can go on later", DoesNotChangeResult = true)]
    public double OutageMinutes { get; init; } = 30;

    /// <summary>Requests that each endpoint accepts in a minute.</summary>
    [Option("most requests a minute at each endpoint", DoesNotChangeResult = true)]
    public int? RequestsPerMinute { get; init; }

    /// <summary>Tokens that each endpoint accepts in a minute.</summary>
    [Option("most tokens a minute at each endpoint", DoesNotChangeResult = true)]
    public int? TokensPerMinute { get; init; }

    /// <summary>Most tokens that the run may use.</summary>
    [Option("stop before the run uses more tokens than this, waste included", DoesNotChangeResult = true)]
    public long? MaxTokensTotal { get; init; }

    /// <summary>Most dollars that the run may cost.</summary>
    [Option("stop before the run costs more dollars than this, waste included; needs the two prices", DoesNotChangeResult = true)]
    public double? MaxCost { get; init; }

    /// <summary>Price of prompts.</summary>
    [Option("dollars for a million tokens of prompts", DoesNotChangeResult = true)]
    public double PromptPrice { get; init; }

    /// <summary>Price of completions.</summary>
    [Option("dollars for a million tokens of completions", DoesNotChangeResult = true)]
    public double CompletionPrice { get; init; }

    /// <summary>Price of an hour of the servers, for the forecast and the result's cost.</summary>
    [Option("dollars for an hour of all servers together, e.g. rented GPUs", DoesNotChangeResult = true)]
    public double HourPrice { get; init; }

    /// <summary>Complete only so many prompts, drawn at random, and tell what the whole run will take.</summary>
    [Option("complete only N prompts, drawn at random, and forecast the whole run: tokens, acceptance, hours, dollars; the whole run takes them over", DoesNotChangeResult = true)]
    public int? Pilot { get; init; }

    /// <summary>File to write the missing requests to, for a batch service to complete.</summary>
    [Option("write the requests that are missing to this batch file (OpenAI Batch, vllm run-batch) and ask nobody", DoesNotChangeResult = true)]
    public string? EmitBatch { get; init; }

    /// <summary>Who will read the batch file.</summary>
    [Option("who will complete the batch file; of these, openai, azure, vllm and sglang take batches", DoesNotChangeResult = true)]
    public EngineDialect BatchDialect { get; init; } = EngineDialect.OpenAI;

    /// <summary>Most requests of one batch file.</summary>
    [Option("most requests of a batch file; further ones go to further files", DoesNotChangeResult = true)]
    public int BatchRequests { get; init; } = 50_000;

    /// <summary>Most bytes of one batch file, in millions.</summary>
    [Option("most megabytes of a batch file; further requests go to further files", DoesNotChangeResult = true)]
    public int BatchMegabytes { get; init; } = 200;

    /// <summary>Output and error files of batches to take results from.</summary>
    [Option("take the results of batches from their output and error files, in any order, again and again", IsPath = true, DoesNotChangeResult = true)]
    public IReadOnlyList<string> IngestBatch { get; init; } = [];

    /// <summary>Context that Ollama makes room for.</summary>
    [Option("context that Ollama makes room for (default: --max-tokens and 4096 for the prompt)")]
    public int? ContextLength { get; init; }

    /// <summary>Where a local model computes.</summary>
    [Option("where a local model computes: cpu, cuda, cuda:N; several, separated by commas, share its layers", DoesNotChangeResult = true)]
    public string Device { get; init; } = "cpu";

    /// <summary>Likeliest tokens that are kept with each token, for logit distillation.</summary>
    [Option("keep the log-probabilities of this many likeliest tokens with each token, for `train --objective forward-kl` and the like; 0: none")]
    public int TopLogprobs { get; init; }

    /// <summary>Folder of the teacher's tokenizer and chat template.</summary>
    [Option("folder with the teacher's tokenizer and template: checks that servers saw the whole prompt, token for token; needed for their log-probabilities", IsPath = true, DoesNotChangeResult = true)]
    public string? Tokenizer { get; init; }

    /// <summary>What to do with rows of the prompts file that cannot be read.</summary>
    [Option("rows of the prompts file that cannot be read: stop, or skip and count them")]
    public BadRowPolicy OnBadRow { get; init; }

    /// <summary>Share of the run, <c>number/count</c>.</summary>
    [Option("do only this share of the run, e.g. 2/8 for the second of eight clients")]
    public string? Shard { get; init; }

    /// <summary>Folder that remembers where other runs keep their completions.</summary>
    [Option("folder in which runs tell each other where their completions are; the same request is never paid for twice", IsPath = true, DoesNotChangeResult = true)]
    public string? Cache { get; init; }

    /// <summary>Whether a folder of other settings is begun anew, keeping what fits.</summary>
    [Option("begin anew in a folder of other settings, and keep the rollouts that the new settings share", DoesNotChangeResult = true)]
    public bool Fork { get; init; }

    /// <summary>Stage folder.</summary>
    [Option("folder to write traces/ into", Required = true, IsPath = true)]
    public string Out { get; init; } = "";

    /// <inheritdoc/>
    public void Check() => OptionChecks.Check(this);
}
