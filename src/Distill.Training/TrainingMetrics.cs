using System.Text.Json;
using System.Text.Json.Serialization;
using Distill.Runs;

namespace Distill.Training;

/// <summary>One line of <c>metrics.jsonl</c>.</summary>
/// <param name="Step">Number of the update, from 1.</param>
/// <param name="Loss">Mean loss of the update's counted tokens, in nats: cross-entropy, or its mixture with the divergence from the teacher.</param>
/// <param name="LearningRate">Learning rate of the update.</param>
/// <param name="GradientNorm">Norm of the gradients before clipping.</param>
/// <param name="Tokens">Tokens seen so far.</param>
/// <param name="TokensPerSecond">Tokens of this update over its time.</param>
/// <param name="Utilization">Share of the machine's peak that went into the model's arithmetic (MFU), from 0 to 1.</param>
/// <param name="MemoryBytes">Resident memory of the process after the update.</param>
/// <param name="HeldOutLoss">Mean cross-entropy of the held-out samples after the update, where it was measured.</param>
/// <param name="PassAt1">Share of right samples on the suite after the update, from 0 to 1, where it was measured.</param>
public readonly record struct StepMetrics(
    int Step, double Loss, double LearningRate, double GradientNorm, long Tokens, double TokensPerSecond, double Utilization = 0, long MemoryBytes = 0,
    double? HeldOutLoss = null, [property: JsonPropertyName("pass@1")] double? PassAt1 = null)
{
    /// <summary>The live line of a training.</summary>
    public override string ToString() =>
        $"loss {Loss:F4}  lr {LearningRate:E1}  norm {GradientNorm:F2}  {TokensPerSecond / 1000:F1}k tokens/s  {Utilization:P0} of peak  {MemoryBytes / 1e9:F1} GB" +
        (HeldOutLoss is { } heldOut ? $"  held out {heldOut:F4}" : "") + (PassAt1 is { } rate ? $"  pass@1 {rate:P1}" : "");
}

/// <summary>
/// <c>metrics.jsonl</c>, one line per update, and the same values as TensorBoard events. After a resume the lines go on
/// without gap or repetition.
/// </summary>
public sealed class TrainingMetrics : IDisposable
{
    /// <summary>Folder of the TensorBoard events beside <c>metrics.jsonl</c>.</summary>
    public const string EventsFolder = "tensorboard";

    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    private readonly StreamWriter _writer;
    private readonly TensorBoardEvents _events;

    /// <summary>Opens the file and drops the lines behind a step, which a resume will write again.</summary>
    public TrainingMetrics(string path, int keepThrough, TimeProvider? time = null)
    {
        (string Line, StepMetrics? Values)[] kept = File.Exists(path)
            ? [.. File.ReadLines(path).Select(line => (line, Values: Parse(line))).TakeWhile(item => item.Values?.Step <= keepThrough)] : [];
        Losses = [.. kept.TakeLast(LossWatch.Window).Select(item => item.Values!.Value.Loss)];
        AtomicFile.WriteText(path, string.Concat(kept.Select(item => item.Line + "\n")));
        _writer = new StreamWriter(path, append: true);
        _events = new TensorBoardEvents(Path.Combine(Path.GetDirectoryName(path)!, EventsFolder), keepThrough, time ?? TimeProvider.System);
    }

    /// <summary>The last losses of the lines that were kept.</summary>
    public IReadOnlyList<double> Losses { get; }

    /// <summary>Writes one line.</summary>
    public void Write(StepMetrics metrics) => AtomicFile.Guard("metrics.jsonl", () =>
    {
        _writer.WriteLine(JsonSerializer.Serialize(metrics, Json));
        _writer.Flush();
        _events.Write(metrics.Step, ("train/loss", metrics.Loss), ("train/learning_rate", metrics.LearningRate), ("train/gradient_norm", metrics.GradientNorm),
            ("speed/tokens_per_second", metrics.TokensPerSecond), ("speed/utilization", metrics.Utilization), ("speed/memory_gb", metrics.MemoryBytes / 1e9));
        if (metrics.HeldOutLoss is { } heldOut) _events.Write(metrics.Step, ("held_out/loss", heldOut));
        if (metrics.PassAt1 is { } rate) _events.Write(metrics.Step, ("suite/pass@1", rate));
    });

    /// <inheritdoc/>
    public void Dispose()
    {
        _writer.Dispose();
        _events.Dispose();
    }

    private static StepMetrics? Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize<StepMetrics>(line, Json);
        }
        catch (JsonException)
        {
            return null; // a line torn by a crash
        }
    }
}
