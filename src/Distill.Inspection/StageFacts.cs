using System.Text.Json.Nodes;
using Distill.Runs;

namespace Distill.Inspection;

/// <summary>What distill itself left on disk: a stage's folder, or a run's.</summary>
internal static class StageFacts
{
    private const string MarkFile = ".stage.json", RunFile = "run.json";

    public static bool IsRun(string folder) => File.Exists(Path.Combine(folder, RunFile));

    public static bool IsStage(string folder) => File.Exists(Path.Combine(folder, RunManifest.FileName)) || File.Exists(Path.Combine(folder, MarkFile));

    /// <summary>The stage's manifest, or that it has not finished.</summary>
    /// <exception cref="InputException">The manifest is damaged.</exception>
    public static JsonObject Of(string folder)
    {
        JsonObject? manifest = JsonFile.Read(Path.Combine(folder, RunManifest.FileName));
        if (manifest is null) return OfUnfinished(folder);
        var facts = ModelFacts.Pick(manifest, ["stage", "tool_version", "seed", "seconds"]);
        facts.Insert(1, "finished", true);
        if (manifest["options"] is JsonObject options) facts["options"] = ModelFacts.Pick(options, options.Select(option => option.Key));
        if (manifest["results"] is JsonObject results) facts["results"] = results.DeepClone();
        if (manifest["inputs"] is JsonObject inputs) facts["inputs"] = inputs.DeepClone();
        return facts;
    }

    // How far it had come is noted every few seconds, and when it is stopped in good order.
    private static JsonObject OfUnfinished(string folder)
    {
        var facts = new JsonObject { ["finished"] = false };
        if (JsonFile.Read(Path.Combine(folder, MarkFile)) is not { } mark) return facts;
        if (mark["Seconds"] is JsonValue value && value.TryGetValue(out double seconds)) facts["seconds"] = Math.Round(seconds, 1);
        if (mark["Reading"] is JsonObject reading)
            foreach (string name in new[] { "Part", "Completed", "Total", "Unit" }) facts[name.ToLowerInvariant()] = reading[name]?.DeepClone();
        return facts;
    }

    public static JsonObject OfStage(string folder, bool withTensors)
    {
        JsonObject facts = Of(folder);
        string model = Path.Combine(folder, "model");
        if (Directory.Exists(model) && ModelFacts.IsModel(model)) facts["model"] = ModelFacts.Of(model, withTensors);
        if (JsonFile.Read(Path.Combine(folder, "artifact.json"))?["files"] is JsonArray files)
            facts["files"] = new JsonArray([.. files.OfType<JsonObject>().Select(file => (JsonNode)ModelFacts.Pick(file, ["path", "format", "type", "bytes", "bits_per_weight"]))]);
        return facts;
    }

    /// <summary>A run's record, with the figures of its stages.</summary>
    /// <exception cref="InputException">The record is damaged.</exception>
    public static JsonObject OfRun(string folder)
    {
        JsonObject run = JsonFile.Read(Path.Combine(folder, RunFile))!;
        JsonObject facts = ModelFacts.Pick(run, ["name", "status", "pipeline", "updated", "tool_version", "error", "machine"]);
        JsonObject[] stages = run["stages"] is JsonArray list ? [.. list.OfType<JsonObject>()] : [];
        facts["stages"] = new JsonArray([.. stages.Select(stage =>
        {
            JsonObject row = ModelFacts.Pick(stage, ["id", "stage", "status", "seconds"]);
            row["results"] = stage["id"] is JsonValue id && id.TryGetValue(out string? name) ? Figures(folder, name) : null;
            return (JsonNode)row;
        })]);
        return facts;
    }

    // A stage's id comes from a file; it may not lead out of the run's folder.
    private static string? Figures(string run, string stage)
    {
        if (stage.AsSpan().IndexOfAny('/', '\\', '\0') >= 0 || stage is "" or "." or "..") return null;
        try
        {
            return JsonFile.Read(Path.Combine(run, stage, RunManifest.FileName))?["results"] is JsonObject results
                ? string.Join(", ", results.Where(result => result.Value is JsonValue).Select(result => $"{result.Key} {(result.Value!.AsValue().TryGetValue(out string? text) ? text : result.Value.ToJsonString())}")) : null;
        }
        catch (InputException)
        {
            return null; // its own inspection tells what is wrong with it
        }
    }
}
