using System.Globalization;
using Distill.Inference.Fleet;
using Distill.Runs;

namespace Distill.Serving;

/// <summary>What serving a teacher takes on several topologies, and what a run would take there.</summary>
/// <param name="Options">What was asked.</param>
/// <param name="Shape">The model.</param>
/// <param name="Replicas">Every topology, divided every way that was asked for.</param>
/// <param name="Work">What the run has to produce, or null when nobody says.</param>
public sealed record TeacherPlan(TeacherPlanOptions Options, ServedShape Shape, IReadOnlyList<ReplicaMemory> Replicas, GenerationWork? Work)
{
    private static readonly TimeSpan LongestRequest = new FleetOptions { Endpoints = [], Model = "" }.Deadline;

    /// <summary>Tokens that a running request keeps in the cache on average.</summary>
    public double ResidentTokens => Options.ResidentTokens ?? Work?.ResidentTokens ?? ReplicaMemory.ResidentTokens;

    /// <summary>Hours of the run at the speed that was measured, or null: what nobody measured is not quoted.</summary>
    public double? Hours => Options.TokensPerSecond is { } speed ? Work!.Hours(speed * Options.Replicas) : null;

    /// <summary>Dollars for the run, or null without a measured speed or a price.</summary>
    public double? Cost => Hours * Replicas[0].Topology.Gpus * Options.Replicas * Options.Price;

    /// <summary>Dollars for each prompt that gets at least one accepted rollout, or null when something for it is missing.</summary>
    public double? CostPerAcceptedPrompt => Options.AcceptRate is { } rate ? Cost / Work!.AcceptedPrompts(rate) : null;

    /// <summary>Dollars that the API would take for the completions, or null.</summary>
    public double? ApiCost => Work?.Tokens * Options.ApiPrice / 1e6;

    /// <summary>Seconds from token to token of one request while the cache is full, at the measured speed; null without one.</summary>
    public double? SecondsPerToken => Options.TokensPerSecond is { } speed ? Running(Replicas[0]) / speed : null;

    /// <summary>What should make the user think again.</summary>
    public IReadOnlyList<string> Warnings =>
    [
        .. SecondsPerToken * Options.MaxTokens > LongestRequest.TotalSeconds
            ? [string.Create(CultureInfo.InvariantCulture, $"a completion of {Options.MaxTokens:N0} tokens takes {SecondsPerToken * Options.MaxTokens / 3600:F1} hours, and teacher-gen gives a request {LongestRequest.TotalHours:F0}: run fewer at once")] : Array.Empty<string>(),
        .. Replicas.GroupBy(replica => replica.Topology).SelectMany(Smaller),
    ];

    /// <summary>Requests that run at once.</summary>
    public double Running(ReplicaMemory replica) => GenerationWork.CacheFill * replica.KvTokens / ResidentTokens;

    // Half of what the same machines could hold is lost throughput, whatever the speed is.
    private IEnumerable<string> Smaller(IEnumerable<ReplicaMemory> ways)
    {
        ReplicaMemory[] asked = [.. ways], all = [.. ReplicaMemory.Possible(asked[0].Topology, Shape).Select(way => ReplicaMemory.Of(Shape, asked[0].Topology, way, Options.KvCache, Options.MemoryFraction))];
        ReplicaMemory best = all.MaxBy(replica => replica.KvTokens)!;
        if (asked.Any(replica => replica.KvTokens * 2 >= best.KvTokens) || asked.All(replica => replica.KvTokens == 0)) yield break;
        yield return string.Create(CultureInfo.InvariantCulture, $"{asked[0].Topology}: {best.Name} holds {best.KvTokens / (double)asked.Max(replica => replica.KvTokens):F1} times as many tokens");
    }

    /// <summary>Works it out.</summary>
    /// <exception cref="InputException">An option cannot be used, or the model is not known here.</exception>
    public static TeacherPlan Of(TeacherPlanOptions options)
    {
        options.Check();
        ServedShape shape = ServedModels.Find(options.Model)
            ?? throw new InputException($"--model `{options.Model}`: is no model folder, and no such name is known here", $"give a folder with config.json, or {ServedModels.Default}");
        ReplicaMemory[] replicas = [.. options.Topology.Select(Topology.Parse).SelectMany(topology => (options.Parallelism == Parallelism.Auto ? ReplicaMemory.Possible(topology, shape) : [options.Parallelism])
            .Select(way => ReplicaMemory.Of(shape, topology, way, options.KvCache, options.MemoryFraction)))];
        return new(options, shape, replicas, options.Prompts is not { } prompts ? null : new(prompts, options.Samples, options.MeanTokens!.Value)
        {
            PromptTokens = options.PromptTokens,
            DeviationTokens = options.DeviationTokens,
            MaxTokens = options.MaxTokens,
            Waste = options.Waste,
        });
    }
}
