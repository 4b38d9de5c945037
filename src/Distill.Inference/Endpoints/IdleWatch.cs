namespace Distill.Inference.Endpoints;

/// <summary>
/// Cancels an attempt whose text stops flowing. One timer for each stream, set to the earliest moment it could matter,
/// so that a piece of text costs two writes and no timer.
/// </summary>
internal sealed class IdleWatch : IDisposable
{
    private const double UsualGaps = 30;
    private const double Smoothing = 0.05;

    // A timer this late means that the whole process stood still (paused, swapped out): the text may be waiting in the socket.
    private static readonly TimeSpan ProcessPaused = TimeSpan.FromSeconds(10);

    private readonly TimeProvider _time;
    private readonly TimeSpan _first;
    private readonly TimeSpan _idle;
    private readonly CancellationTokenSource _source;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private long _lastText;
    private long _due;
    private double _usualGapSeconds;
    private bool _flowing;
    private bool _disposed;

    /// <summary>Starts watching.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="first">Longest wait for the first text.</param>
    /// <param name="idle">Longest silence after it.</param>
    /// <param name="cancellation">The caller's own cancellation.</param>
    public IdleWatch(TimeProvider time, TimeSpan first, TimeSpan idle, CancellationToken cancellation)
    {
        _time = time;
        _first = first;
        _idle = idle;
        _source = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _lastText = time.GetTimestamp();
        _timer = time.CreateTimer(_ => Check(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Arm(first);
    }

    /// <summary>Cancelled when the silence has lasted too long, or by the caller.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>Whether silence was the reason.</summary>
    public bool Expired { get; private set; }

    /// <summary>Longest silence allowed at this point.</summary>
    public TimeSpan Limit => !_flowing ? _first : TimeSpan.FromSeconds(Math.Max(_idle.TotalSeconds, UsualGaps * _usualGapSeconds));

    /// <summary>Notes that text arrived.</summary>
    /// <param name="now">The moment.</param>
    public void Text(long now)
    {
        lock (_gate)
        {
            if (_flowing) _usualGapSeconds += Smoothing * (_time.GetElapsedTime(_lastText, now).TotalSeconds - _usualGapSeconds);
            bool begins = !_flowing;
            _flowing = true;
            _lastText = now;
            if (begins && !_disposed) Arm(Limit);
        }
    }

    /// <summary>Stops watching.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed) return;
            _disposed = true;
        }
        _timer.Dispose();
        _source.Dispose();
    }

    private void Arm(TimeSpan wait)
    {
        _due = _time.GetTimestamp() + (long)(wait.TotalSeconds * _time.TimestampFrequency);
        _timer.Change(wait, Timeout.InfiniteTimeSpan);
    }

    private void Check()
    {
        lock (_gate)
        {
            if (_disposed) return;
            long now = _time.GetTimestamp();
            if (_time.GetElapsedTime(_due, now) > ProcessPaused) _lastText = now;
            TimeSpan left = Limit - _time.GetElapsedTime(_lastText, now);
            if (left > TimeSpan.Zero)
            {
                Arm(left < TimeSpan.FromMilliseconds(1) ? TimeSpan.FromMilliseconds(1) : left);
                return;
            }
            Expired = true;
        }
        try
        {
            _source.Cancel();
        }
        catch (ObjectDisposedException) { } // the attempt ended between the check and here
    }
}
