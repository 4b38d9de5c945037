using System.Text.Json;

namespace Distill.Training;

/// <summary>One line of <c>metrics.jsonl</c>.</summary>
/// <param name="Step">Number of the update, from 1.</param>
/// <param name="Loss">Mean cross-entropy of the update's counted tokens, in nats.</param>
/// <param name="LearningRate">Learning rate of the update.</param>
/// <param name="GradientNorm">Norm of the gradients before clipping.</param>
/// <param name="Tokens">Tokens seen so far.</param>
/// <param name="TokensPerSecond">Tokens of this update over its time.</param>
public readonly record struct StepMetrics(int Step, double Loss, double LearningRate, double GradientNorm, long Tokens, double TokensPerSecond);

/// <summary><c>metrics.jsonl</c>: one line per update. After a resume it continues without gap or repetition.</summary>
public sealed class TrainingMetrics : IDisposable
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private readonly StreamWriter _writer;

    /// <summary>Opens the file and drops the lines behind a step, which a resume will write again.</summary>
    public TrainingMetrics(string path, int keepThrough)
    {
        string[] kept = File.Exists(path) ? [.. File.ReadLines(path).TakeWhile(line => StepOf(line) is { } step && step <= keepThrough)] : [];
        Runs.AtomicFile.WriteText(path, string.Concat(kept.Select(line => line + "\n")));
        _writer = new StreamWriter(path, append: true);
    }

    /// <summary>Writes one line.</summary>
    public void Write(StepMetrics metrics) => Runs.AtomicFile.Guard("metrics.jsonl", () =>
    {
        _writer.WriteLine(JsonSerializer.Serialize(metrics, Json));
        _writer.Flush();
    });

    /// <inheritdoc/>
    public void Dispose() => _writer.Dispose();

    private static int? StepOf(string line)
    {
        try
        {
            return JsonSerializer.Deserialize<StepMetrics>(line, Json).Step;
        }
        catch (JsonException)
        {
            return null; // a line torn by a crash
        }
    }
}
