using System.Text.Json;
using Distill.Runs;

namespace Distill.Eval;

/// <summary>The scores of one model: what <c>eval.json</c> holds.</summary>
public sealed record EvalReport
{
    /// <summary>Name of the file in a stage folder.</summary>
    public const string FileName = "eval.json";

    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>What the model is called.</summary>
    public required string Name { get; init; }

    /// <summary>Identity of weights and engine.</summary>
    public required string Model { get; init; }

    /// <summary>Device that computed.</summary>
    public required string Device { get; init; }

    /// <summary>Seed of the sampling.</summary>
    public required long Seed { get; init; }

    /// <summary>Sequences computed together, or null where each was computed alone.</summary>
    public required int? BatchSize { get; init; }

    /// <summary>Version of distill.</summary>
    public string ToolVersion { get; init; } = Runs.ToolVersion.Current;

    /// <summary>One score for each suite, in the order asked.</summary>
    public required IReadOnlyList<SuiteScore> Suites { get; init; }

    /// <summary>The quantised files of the model, where they were measured.</summary>
    public IReadOnlyList<QuantizationScore>? Quantization { get; init; }

    /// <summary>Reads the report of a stage folder.</summary>
    /// <exception cref="InputException">There is none, or it is damaged.</exception>
    public static EvalReport Load(string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (!File.Exists(path)) throw new InputException($"{path}: missing", "give the folder of a finished `distill eval`");
        try
        {
            return JsonSerializer.Deserialize<EvalReport>(File.ReadAllText(path), Json) ?? throw new JsonException("the file is empty");
        }
        catch (JsonException e)
        {
            throw new InputException($"{path}: is not a report of `distill eval`", "run the evaluation again", inner: e);
        }
    }

    /// <summary>Writes <c>eval.json</c> and, for reading, <c>eval.md</c>.</summary>
    /// <exception cref="InputException">The disk is full, or the folder cannot be written.</exception>
    public void Save(string folder)
    {
        AtomicFile.WriteText(Path.Combine(folder, "eval.md"), ReportText.Of(this));
        AtomicFile.WriteText(Path.Combine(folder, FileName), JsonSerializer.Serialize(this, Json) + "\n");
    }
}
