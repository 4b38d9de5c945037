using System.Diagnostics.Metrics;
using Distill.Chat;
using Distill.Inference.Fleet;

namespace Distill.Teacher;

/// <summary>What monitoring systems see of the rollouts: the same meter as the fleet's.</summary>
internal static class RolloutMeter
{
    private static readonly Meter Meter = new(EndpointFleet.MeterName, Runs.ToolVersion.Current);
    private static readonly Gauge<double> AcceptRatio = Meter.CreateGauge<double>("distill.teacher.accept_ratio", "1", "Share of rollouts with the verdict correct.");
    private static readonly Gauge<double> CutRatio = Meter.CreateGauge<double>("distill.teacher.cut_ratio", "1", "Share of rollouts cut off by the token limit.");
    private static readonly Counter<long> Samples = Meter.CreateCounter<long>("distill.teacher.samples", "{rollout}", "Rollouts by end state.");

    /// <summary>Time of a flush of the ledger.</summary>
    public static readonly Histogram<double> Flush = Meter.CreateHistogram<double>("distill.teacher.wal.fsync", "s", "Seconds of a flush of the ledger to the disk.");

    /// <summary>Part files written.</summary>
    public static readonly Counter<long> Parts = Meter.CreateCounter<long>("distill.teacher.shard.commits", "{file}", "Part files written.");

    /// <summary>Time left.</summary>
    public static readonly Gauge<double> Left = Meter.CreateGauge<double>("distill.teacher.eta", "s", "Seconds left, median.");

    /// <summary>Counts a stored rollout.</summary>
    public static void Stored(EndState state) => Samples.Add(1, new KeyValuePair<string, object?>("state", state.ToString()));

    /// <summary>Records the shares.</summary>
    public static void Record(RolloutTally tally)
    {
        if (tally.Rollouts == 0) return;
        AcceptRatio.Record((double)tally.Correct / tally.Rollouts);
        CutRatio.Record((double)tally.Truncated / tally.Rollouts);
    }
}
