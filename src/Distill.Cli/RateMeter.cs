namespace Distill.Cli;

/// <summary>
/// Rate and time left of something counted, over the last half minute. What was found done at a resume counts as progress
/// but not as speed.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class RateMeter(TimeProvider time)
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(30);

    private readonly Queue<(long At, long Completed)> _readings = new();

    /// <summary>Units per second, or null as long as there is nothing to tell from.</summary>
    public double? PerSecond { get; private set; }

    /// <summary>Notes how many units are done.</summary>
    public void Note(long completed)
    {
        long now = time.GetTimestamp();
        if (_readings.Count > 0 && completed < _readings.Last().Completed) _readings.Clear(); // another count has begun
        _readings.Enqueue((now, completed));
        while (_readings.Count > 2 && time.GetElapsedTime(_readings.Peek().At, now) > Window) _readings.Dequeue();
        var (start, first) = _readings.Peek();
        double seconds = time.GetElapsedTime(start, now).TotalSeconds;
        PerSecond = seconds >= 0.5 && completed > first ? (completed - first) / seconds : null;
    }

    /// <summary>Time left for the rest, or null when it cannot be told.</summary>
    public TimeSpan? Left(long completed, long total) =>
        PerSecond is { } rate && total > completed && (total - completed) / rate < TimeSpan.FromDays(365).TotalSeconds
            ? TimeSpan.FromSeconds((total - completed) / rate) : null;
}
