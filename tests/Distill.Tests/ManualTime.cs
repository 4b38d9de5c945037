namespace Distill.Tests;

/// <summary>A clock that stands until it is moved; timers that have become due fire once, late if need be.</summary>
internal sealed class ManualTime : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly List<ManualTimer> _timers = [];
    private long _now;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>How far it was moved.</summary>
    public TimeSpan Elapsed => TimeSpan.FromTicks(GetTimestamp());

    public override long GetTimestamp() => Volatile.Read(ref _now);

    public override DateTimeOffset GetUtcNow() => new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddTicks(GetTimestamp());

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    public void Advance(TimeSpan by) => MoveTo(GetTimestamp() + by.Ticks);

    /// <summary>Moves on to the next moment at which a timer is due; false when none is.</summary>
    public bool AdvanceToNextTimer()
    {
        long? next;
        lock (_gate) next = _timers.Min(timer => timer.Due);
        if (next is not null) MoveTo(Math.Max(GetTimestamp(), next.Value));
        return next is not null;
    }

    private void MoveTo(long now)
    {
        ManualTimer[] due;
        lock (_gate)
        {
            _now = now;
            due = [.. _timers.Where(timer => timer.Due <= now).OrderBy(timer => timer.Due)];
        }
        foreach (ManualTimer timer in due) timer.FireIfDue();
    }

    private sealed class ManualTimer(ManualTime time, Action callback) : ITimer
    {
        private TimeSpan _period;

        /// <summary>When it fires, or null; only set timers are in the list.</summary>
        public long? Due { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time._gate)
            {
                _period = period;
                Set(dueTime);
            }
            return true;
        }

        public void FireIfDue()
        {
            lock (time._gate)
            {
                if (Due is not { } due || due > time._now) return; // another's callback stopped it
                Set(_period == TimeSpan.Zero ? Timeout.InfiniteTimeSpan : _period);
            }
            callback();
        }

        public void Dispose() => Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Set(TimeSpan dueTime)
        {
            if (Due is not null) time._timers.Remove(this);
            Due = dueTime == Timeout.InfiniteTimeSpan ? null : time._now + dueTime.Ticks;
            if (Due is not null) time._timers.Add(this);
        }
    }
}
