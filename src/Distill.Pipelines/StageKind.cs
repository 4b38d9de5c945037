using System.Text.Json;
using System.Text.Json.Nodes;
using Distill.Runs;

namespace Distill.Pipelines;

/// <summary>One command that can be a stage: its name, its options, and how to run it.</summary>
public sealed class StageKind
{
    // A mean over nothing is not a number; the manifest says so instead of failing.
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    private readonly Lazy<OptionSet> _options;
    private readonly Func<object, IProgress<ProgressEvent>, CancellationToken, Task<JsonObject>> _run;

    private StageKind(
        string name, string description, string mainOutput, Func<OptionSet> options,
        Func<object, IProgress<ProgressEvent>, CancellationToken, Task<JsonObject>> run)
    {
        Name = name;
        Description = description;
        MainOutput = mainOutput;
        _options = new Lazy<OptionSet>(options);
        _run = run;
    }

    /// <summary>Name of the command and of the key in a pipeline file.</summary>
    public string Name { get; }

    /// <summary>One line for <c>--help</c>.</summary>
    public string Description { get; }

    /// <summary>What <c>$id</c> stands for, relative to the stage's folder; empty for the folder itself.</summary>
    public string MainOutput { get; }

    /// <summary>Its options.</summary>
    public OptionSet Options => _options.Value;

    /// <summary>Runs it; the folder is the options' <c>out</c>.</summary>
    /// <returns>The figures of the result, by snake_case name.</returns>
    /// <exception cref="InputException">The stage cannot use its input.</exception>
    public Task<JsonObject> RunAsync(object options, IProgress<ProgressEvent> progress, CancellationToken cancellation) =>
        _run(options, progress, cancellation);

    internal static StageKind Of<TOptions, TResult>(
        string name, string description, string mainOutput,
        Func<TOptions, IProgress<ProgressEvent>, CancellationToken, Task<TResult>> run)
        where TOptions : class, new()
        where TResult : notnull => new(name, description, mainOutput, OptionSet.Of<TOptions>, async (options, progress, cancellation) =>
        {
            TResult result = await run((TOptions)options, progress, cancellation);
            return JsonSerializer.SerializeToNode(result, Json) as JsonObject ?? [];
        });
}
