using Distill.Chat;
using Distill.Inference;
using Distill.Inference.Endpoints;
using Distill.Inference.Fleet;
using Distill.Prompts;
using Distill.Runs;
using Distill.Teacher.Batch;

namespace Distill.Teacher;

/// <summary>Opens the teacher that the options name.</summary>
public static class Teachers
{
    /// <summary>Name of the teacher that is delivered with distill.</summary>
    public const string Embedded = "embedded";

    /// <summary>Name of the teacher that answers with the prompts' worked solutions.</summary>
    public const string Worked = "worked";

    private const string EmbeddedFolder = "artifacts/tiny-r1";

    /// <summary>Opens it. An endpoint is not contacted before the first request.</summary>
    /// <param name="options">Which teacher, and where.</param>
    /// <param name="prompts">The prompts that it will be asked for.</param>
    /// <exception cref="InputException">There is no such teacher, or options contradict each other.</exception>
    public static ICompletionSource Open(TeacherGenOptions options, IReadOnlyList<Prompt> prompts)
    {
        if (options.EmitBatch is not null || options.IngestBatch.Count > 0) return new BatchTeacher(EndpointFleet.IdentityOf(options.Model!, options.Revision));
        if (options.Endpoint.Count > 0) return OpenFleet(options);
        if (options.Model is not null) throw new InputException("--model names a model at an endpoint, and there is no --endpoint", "add --endpoint URL, or name a model folder with --teacher");
        if (options.Teacher == Worked) return new WorkedSolutionSource(prompts);
        string folder = options.Teacher;
        if (folder == Embedded)
        {
            folder = InstallFolder.Find(EmbeddedFolder)
                ?? throw new InputException($"{EmbeddedFolder}: the embedded teacher is not there", "run from a complete clone, or name a model folder with --teacher");
        }
        ICompletionSource model = CompletionSources.Open(folder, options.Device, options.BatchSize);
        if (model is BatchGenerator generator) generator.EarlyStop = options.RejectLanguageMixing ? EarlyStop.LoopsAndMixing : EarlyStop.Loops;
        return model;
    }

    private static EndpointFleet OpenFleet(TeacherGenOptions options)
    {
        if (options.Teacher != Embedded) throw new InputException("--teacher and --endpoint both name a teacher", "leave one of them out");
        return new EndpointFleet(new FleetOptions
        {
            Endpoints = [.. options.Endpoint.Select(EndpointOptions.Parse)],
            Model = options.Model!,
            Revision = options.Revision,
            Key = ApiKey.Find(options.ApiKeyFile),
            Concurrency = options.Concurrency,
            Tokenizer = options.TopLogprobs > 0 ? ModelTokenizer.Load(options.Tokenizer!) : null,
            ContextLength = options.ContextLength,
            OnTruncation = options.OnTruncation,
            RejectLanguageMixing = options.RejectLanguageMixing,
            OutagePatience = TimeSpan.FromMinutes(options.OutageMinutes),
            Hedge = options.Hedge,
            RequestsPerMinute = options.RequestsPerMinute,
            TokensPerMinute = options.TokensPerMinute,
            MaxTokensTotal = options.MaxTokensTotal,
            MaxCost = options.MaxCost,
            PromptPrice = options.PromptPrice,
            CompletionPrice = options.CompletionPrice,
        });
    }
}
