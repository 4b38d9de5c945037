using System.Text.Json;
using Distill.Runs;
using Distill.Verification;

namespace Distill.Teacher;

/// <summary>
/// What decides the traces of a run, by name. It stands at the head of the journal: a folder goes on only with the
/// settings it began with.
/// </summary>
internal sealed class RunSettings
{
    private readonly SortedDictionary<string, string> _values;

    private RunSettings(SortedDictionary<string, string> values) => _values = values;

    /// <summary>The settings of a run.</summary>
    public static RunSettings Of(RolloutPlan plan, TeacherGenOptions options, IVerifier verifier, int? batchSize, RunShard shard, int rowsPerPart)
    {
        var settings = new RunSettings(Values(plan, options, verifier, batchSize, shard, rowsPerPart));
        if (options.TopLogprobs > 0) settings._values["top-logprobs"] = options.TopLogprobs.ToString(); // folders without them know no such setting
        return settings;
    }

    private static SortedDictionary<string, string> Values(RolloutPlan plan, TeacherGenOptions options, IVerifier verifier, int? batchSize, RunShard shard, int rowsPerPart) => new(StringComparer.Ordinal)
    {
        ["format"] = "2",
        ["teacher"] = plan.Teacher,
        ["prompts"] = $"{plan.Prompts.Count} prompts ({RolloutPlan.Hash(plan.Prompts)[..12]})",
        ["samples"] = options.Samples.ToString(),
        ["temperature"] = options.Temperature.ToString("R"),
        ["top-p"] = options.TopP.ToString("R"),
        ["top-k"] = options.TopK.ToString(),
        ["max-tokens"] = options.MaxTokens.ToString(),
        ["verify"] = verifier.Id,
        ["seed"] = options.Seed.ToString(),
        ["batch-size"] = batchSize?.ToString() ?? "none",
        ["on-truncation"] = options.OnTruncation.ToString().ToLowerInvariant(),
        ["shard"] = shard.ToString(),
        ["rows per part"] = rowsPerPart.ToString(),
    };

    /// <summary>Reads settings from a journal.</summary>
    /// <exception cref="InvalidDataException">The bytes are no settings.</exception>
    public static RunSettings Read(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return new(JsonSerializer.Deserialize<SortedDictionary<string, string>>(bytes) ?? []);
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"not the settings of a run: {e.Message}", e);
        }
    }

    /// <summary>Bytes for a journal.</summary>
    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(_values);

    /// <summary>Whether both are the same run.</summary>
    public bool Fits(RunSettings other) => _values.SequenceEqual(other._values);

    /// <summary>Refuses to go on with other settings than those of the folder, and names what differs.</summary>
    /// <param name="folder">The folder, for the message.</param>
    /// <param name="before">The settings it began with.</param>
    /// <exception cref="InputException">Something differs.</exception>
    public void ThrowIfDiffers(string folder, RunSettings before)
    {
        string[] differences = [.. _values.Keys.Union(before._values.Keys).Order(StringComparer.Ordinal)
            .Where(name => _values.GetValueOrDefault(name) != before._values.GetValueOrDefault(name))
            .Select(name => $"{name} was {before._values.GetValueOrDefault(name, "not set")}, now {_values.GetValueOrDefault(name, "not set")}")];
        if (differences.Length == 0) return;
        throw new InputException($"{folder}: holds a run with other settings: {string.Join("; ", differences)}",
            "use the settings it began with to go on, choose another output folder, or pass --fork to begin anew here and keep what still fits");
    }
}
