using Distill.Inference.Endpoints;
using Distill.Inference.Fleet;
using Distill.Runs;
using Distill.Verification;

namespace Distill.Teacher;

/// <summary>Refuses options that cannot be meant, before anything is read or paid for.</summary>
internal static class OptionChecks
{
    /// <summary>Checks the options.</summary>
    /// <exception cref="InputException">One is out of range, or two contradict each other.</exception>
    public static void Check(TeacherGenOptions options)
    {
        Require(options.Samples >= 1, "samples", options.Samples, "1 or more");
        Require(options.Temperature is >= 0 and <= 10, "temperature", options.Temperature, "0 to 10");
        Require(options.TopP is > 0 and <= 1, "top-p", options.TopP, "above 0, at most 1");
        Require(options.TopK >= 0, "top-k", options.TopK, "0 or more");
        Require(options.MaxTokens >= 1, "max-tokens", options.MaxTokens, "1 or more");
        Require(options.Limit is null or >= 1, "limit", options.Limit ?? 0, "1 or more");
        Require(options.BatchSize >= 1, "batch-size", options.BatchSize, "1 or more");
        Require(options.Concurrency is null or (>= 1 and <= 100_000), "concurrency", options.Concurrency ?? 0, "1 to 100000");
        Require(options.RequestsPerMinute is null or >= 1, "requests-per-minute", options.RequestsPerMinute ?? 0, "1 or more");
        Require(options.TokensPerMinute is null or >= 1, "tokens-per-minute", options.TokensPerMinute ?? 0, "1 or more");
        Require(options.MaxTokensTotal is null or >= 1, "max-tokens-total", options.MaxTokensTotal ?? 0, "1 or more");
        Require(options.MaxCost is null or > 0, "max-cost", options.MaxCost ?? 0, "more than 0");
        Require(options.PromptPrice >= 0, "prompt-price", options.PromptPrice, "0 or more");
        Require(options.CompletionPrice >= 0, "completion-price", options.CompletionPrice, "0 or more");
        Require(options.MaxTruncated is > 0 and <= 1, "max-truncated", options.MaxTruncated, "above 0, at most 1");
        Require(options.ContextLength is null or >= 1, "context-length", options.ContextLength ?? 0, "1 or more");
        Require(options.OutageMinutes is >= 0 and <= 1e6, "outage-minutes", options.OutageMinutes, "0 to 1000000");
        Require(options.HourPrice >= 0, "hour-price", options.HourPrice, "0 or more");
        Require(options.Pilot is null or >= 2, "pilot", options.Pilot ?? 0, "2 or more: one prompt tells no spread");
        Require(options.BatchRequests >= 1, "batch-requests", options.BatchRequests, "1 or more");
        Require(options.BatchMegabytes is >= 1 and <= 1_000_000, "batch-megabytes", options.BatchMegabytes, "1 to 1000000");
        RunShard.Parse(options.Shard);
        Verifiers.Create(options.Verify);
        CheckTeacher(options);
        CheckBatch(options);
        CheckLogProbabilities(options);
        if (options.MaxCost is not null && options.PromptPrice == 0 && options.CompletionPrice == 0)
            throw new InputException("--max-cost needs prices", "add --prompt-price and --completion-price, in dollars for a million tokens");
        bool oneAnswerOnly = options.Temperature == 0 || (options.Teacher == Teachers.Worked && options.Endpoint.Count == 0);
        if (oneAnswerOnly && options.Samples > 1)
        {
            throw new InputException($"--samples {options.Samples} would store the same completion {options.Samples} times",
                options.Temperature == 0 ? "raise --temperature above 0, or take one sample" : "the teacher `worked` has one solution for each prompt: take one sample");
        }
    }

    private static void CheckTeacher(TeacherGenOptions options)
    {
        bool asksServers = options.Endpoint.Count > 0;
        if (asksServers && string.IsNullOrWhiteSpace(options.Model))
            throw new InputException("--endpoint needs the name of a model", "add --model NAME as the server knows it (GET /models lists the names)");
        if (!asksServers && options.Teacher is not (Teachers.Embedded or Teachers.Worked) && InstallFolder.IsOnlyAName(options.Teacher))
            throw new InputException($"{options.Teacher}: no such model", $"give a model folder, a .gguf file, `{Teachers.Embedded}` or `{Teachers.Worked}`, or name servers with --endpoint");
    }

    private static void CheckBatch(TeacherGenOptions options)
    {
        bool emits = options.EmitBatch is not null, ingests = options.IngestBatch.Count > 0;
        if (!emits && !ingests) return;
        string flag = emits ? "--emit-batch" : "--ingest-batch";
        if (emits && ingests) throw new InputException("--emit-batch and --ingest-batch cannot be given together", "take the results in first; then emit what is still missing");
        if (options.Pilot is not null) throw new InputException($"--pilot and {flag} cannot be given together", "a pilot measures servers: leave one of them out");
        if (string.IsNullOrWhiteSpace(options.Model)) throw new InputException($"{flag} needs the name of a model", "add --model NAME, the same as with --endpoint: then both share one run");
        if (options.OnTruncation != TruncationPolicy.Keep)
            throw new InputException($"--on-truncation {options.OnTruncation.ToString().ToLowerInvariant()} needs servers that can be asked again at once", $"leave it out with {flag}");
        if (options.TopLogprobs > 0) throw new InputException($"--top-logprobs needs servers or a model in this process", $"leave it out with {flag}");
        if (emits && !BatchRequest.IsKnownTo(options.BatchDialect))
            throw new InputException($"--batch-dialect {options.BatchDialect.ToString().ToLowerInvariant()}: takes no batch files", "choose openai, azure, vllm or sglang");
    }

    private static void CheckLogProbabilities(TeacherGenOptions options)
    {
        Require(options.TopLogprobs >= 0, "top-logprobs", options.TopLogprobs, "0 or more");
        if (options.TopLogprobs == 0) return;
        if (options.EmitBatch is not null || options.IngestBatch.Count > 0)
            throw new InputException("--top-logprobs is not for batch files", "ask servers with --endpoint, or leave it out");
        if (options.Endpoint.Count == 0 && options.Teacher == Teachers.Worked)
            throw new InputException("the teacher `worked` has no probabilities", "leave --top-logprobs out, or take a model as teacher");
        if (options.Endpoint.Count > 0 && options.Tokenizer is null)
            throw new InputException("--top-logprobs with --endpoint needs the model's tokenizer", "add --tokenizer FOLDER: servers tell tokens by their text, traces keep ids");
        if (options.OnTruncation == TruncationPolicy.Continue)
            throw new InputException("--top-logprobs and --on-truncation continue exclude each other", "where a completion is gone on from, its tokens may be cut otherwise: take keep or escalate");
    }

    private static void Require(bool holds, string option, double value, string allowed)
    {
        if (!holds) throw new InputException($"--{option} {value} is out of range", $"give {allowed}");
    }
}
