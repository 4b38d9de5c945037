using Distill.Inference.Fleet;
using Distill.Runs;

namespace Distill.Teacher;

/// <summary>Readings of a run for the terminal, at most a few a second.</summary>
internal sealed class GenerationProgress
{
    private static readonly TimeSpan Often = TimeSpan.FromMilliseconds(200);

    private readonly IProgress<ProgressEvent> _progress;
    private readonly TimeProvider _time;
    private readonly int _total;
    private readonly EndpointFleet? _fleet;
    private readonly RolloutTally _tally;
    private readonly double _secondsBefore;
    private readonly long _start;
    private long _lastReport;
    private long _tokens;

    /// <summary>Starts the clock.</summary>
    /// <param name="progress">Receives the readings.</param>
    /// <param name="time">The clock.</param>
    /// <param name="total">Planned rollouts.</param>
    /// <param name="ledger">What is stored.</param>
    /// <param name="fleet">The teacher, when it is a fleet.</param>
    public GenerationProgress(IProgress<ProgressEvent> progress, TimeProvider time, int total, RolloutLedger ledger, EndpointFleet? fleet)
    {
        _progress = progress;
        _time = time;
        _total = total;
        _fleet = fleet;
        _tally = ledger.Tally;
        _secondsBefore = ledger.Tally.RunSeconds;
        _start = _lastReport = time.GetTimestamp();
    }

    /// <summary>Seconds that the run has taken, over all its attempts.</summary>
    public double RunSeconds => _secondsBefore + _time.GetElapsedTime(_start).TotalSeconds;

    /// <summary>Notes a stored rollout.</summary>
    public void Stored(int completionTokens)
    {
        _tokens += completionTokens;
        if (_time.GetElapsedTime(_lastReport) >= Often) Report();
    }

    /// <summary>Reports where the run stands.</summary>
    public void Report()
    {
        _lastReport = _time.GetTimestamp();
        _progress.Report(new ProgressEvent("teacher-gen", _tally.Rollouts, _total, "rollouts", Detail()));
    }

    private string? Detail()
    {
        if (_tally.Rollouts == 0) return null;
        double accepted = 100.0 * _tally.Correct / _tally.Rollouts, seconds = _time.GetElapsedTime(_start, _lastReport).TotalSeconds;
        string detail = $"accepted {accepted:0.0} %";
        if (_tokens == 0 || seconds <= 0) return detail;
        double rate = _tokens / seconds;
        return detail + (rate < 1000 ? $"  {rate:0} tokens/s" : $"  {rate / 1000:0.0}k tokens/s");
    }
}
