using System.Text.Json.Nodes;
using Distill.Runs;

namespace Distill.Training;

/// <summary>
/// What decides the weights of a training, by name. A checkpoint is continued only with the settings it began with; how many updates there are to be,
/// what is measured on the way, and what neither data nor arithmetic depend on, may change.
/// </summary>
public static class TrainingSettings
{
    private const string NotSet = "not set";

    /// <summary>What decides the size of updates: it may change too when a training is gone on with on request (<see cref="TrainOptions.Extend"/>).</summary>
    internal static readonly string[] Steering = ["learning_rate", "warmup_steps", "min_learning_rate_ratio", "max_gradient_norm"];

    private static readonly string[] MayChange =
        ["max_steps", "epochs", "held_out_every", "patience", "saved_weights", "eval_suite", "eval_every", "eval_samples", "eval_limit", "nodes", "gpus_per_node", "sharding"];

    /// <summary>The settings of a training: values of the recipe as they are used, files by their content.</summary>
    public static SortedDictionary<string, string> Of(TrainOptions options)
    {
        var settings = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach ((string name, JsonNode? value) in OptionSet.Of<TrainOptions>().ToResultJson(options))
            if (!MayChange.Contains(name)) settings[name] = value is JsonValue word && word.TryGetValue(out string? text) ? text : value?.ToJsonString() ?? NotSet;
        settings["student"] = StudentPreset.Find(options.Student) is null ? Short(Fingerprint.OfPath(options.Student)) : options.Student;
        settings["data"] = Short(Fingerprint.OfPath(options.Data));
        settings["tokenizer"] = options.Tokenizer is null ? NotSet : Short(Fingerprint.OfFile(Path.Combine(options.Tokenizer, "tokenizer.json")));
        settings["learning_rate"] = options.PeakLearningRate.ToString("R");
        settings["batch_size"] = options.RowsPerUpdate.ToString();
        settings["micro_batch_size"] = options.RowsPerPass.ToString();
        settings["sequence_length"] = options.RowLength.ToString();
        settings["sequence_chunk"] = options.Chunks?.Size.ToString() ?? NotSet;
        return settings;
    }

    /// <summary>What differs, as <c>name was this, now that</c>.</summary>
    /// <param name="before">The settings of a checkpoint.</param>
    /// <param name="now">The settings asked for.</param>
    /// <param name="except">Names that are passed over.</param>
    public static IReadOnlyList<string> Differences(IReadOnlyDictionary<string, string> before, IReadOnlyDictionary<string, string> now, params IReadOnlyCollection<string> except) =>
        [.. before.Keys.Union(now.Keys).Except(except).Order(StringComparer.Ordinal).Where(name => before.GetValueOrDefault(name, NotSet) != now.GetValueOrDefault(name, NotSet))
            .Select(name => $"{name} was {before.GetValueOrDefault(name, NotSet)}, now {now.GetValueOrDefault(name, NotSet)}")];

    private static string Short(string hash) => hash[..12];
}
