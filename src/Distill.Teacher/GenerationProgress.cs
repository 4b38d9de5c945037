using System.Globalization;
using Distill.Inference.Fleet;
using Distill.Runs;

namespace Distill.Teacher;

/// <summary>Readings of a run for the terminal, at most a few a second.</summary>
internal sealed class GenerationProgress : IDisposable
{
    private static readonly TimeSpan Often = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Seldom = TimeSpan.FromSeconds(2);

    private readonly IProgress<ProgressEvent> _progress;
    private readonly TimeProvider _time;
    private readonly TeacherGenOptions _options;
    private readonly RolloutForecast _forecast;
    private readonly EndpointFleet? _fleet;
    private readonly FleetNews _news = new();
    private readonly RolloutTally _tally;
    private readonly double _secondsBefore;
    private readonly int _before;
    private readonly long _start;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private long _lastReport;
    private long _tokens;

    /// <summary>Starts the clock.</summary>
    /// <param name="progress">Receives the readings.</param>
    /// <param name="time">The clock.</param>
    /// <param name="total">Planned rollouts.</param>
    /// <param name="options">Prices and limits.</param>
    /// <param name="ledger">What is stored.</param>
    /// <param name="fleet">The teacher, when it is a fleet.</param>
    public GenerationProgress(IProgress<ProgressEvent> progress, TimeProvider time, int total, TeacherGenOptions options, RolloutLedger ledger, EndpointFleet? fleet)
    {
        (_progress, _time, _options, _fleet, _tally) = (progress, time, options, fleet, ledger.Tally);
        _forecast = new RolloutForecast(total, ledger.Tally);
        (_secondsBefore, _before) = (ledger.Tally.RunSeconds, ledger.Tally.Rollouts);
        _start = _lastReport = time.GetTimestamp();
        // A fleet moves also while no rollout ends: R1 thinks for an hour.
        _timer = time.CreateTimer(_ => Report(), null, fleet is null ? Timeout.InfiniteTimeSpan : Seldom, Seldom);
    }

    /// <summary>Seconds that the run has taken, over all its attempts.</summary>
    public double RunSeconds => _secondsBefore + _time.GetElapsedTime(_start).TotalSeconds;

    /// <summary>Notes a stored rollout.</summary>
    public void Stored(int completionTokens)
    {
        bool due;
        lock (_gate)
        {
            _tokens += completionTokens;
            due = _time.GetElapsedTime(_lastReport) >= Often;
        }
        if (due) Report();
    }

    /// <summary>Reports where the run stands.</summary>
    public void Report()
    {
        lock (_gate)
        {
            _lastReport = _time.GetTimestamp();
            FleetSnapshot? fleet = _fleet?.Snapshot();
            RolloutMeter.Record(_tally);
            foreach (string line in fleet is null ? [] : _news.Since(fleet)) _progress.Report(ProgressEvent.Say(line));
            _progress.Report(new ProgressEvent("teacher-gen", _tally.Rollouts, _forecast.Total, "rollouts", Detail(fleet)) { Further = fleet?.Endpoints.Select(Line).ToArray() });
        }
    }

    /// <summary>Stops the clock.</summary>
    public void Dispose() => _timer.Dispose();

    private string? Detail(FleetSnapshot? fleet)
    {
        double seconds = _time.GetElapsedTime(_start, _lastReport).TotalSeconds;
        double rate = fleet?.Endpoints.Sum(endpoint => endpoint.TokensPerSecond) ?? (seconds > 0 ? _tokens / seconds : 0);
        var parts = new List<string>();
        if (_tally.Rollouts > 0) parts.Add($"accepted {100.0 * _tally.Correct / _tally.Rollouts:0.0} %");
        if (fleet is not null && _tally.Rollouts > 0)
        {
            parts.Add($"cut {100.0 * _tally.Truncated / _tally.Rollouts:0.0} %");
            long all = _tally.PaidCompletionTokens + _tally.WastedCompletionTokens;
            parts.Add($"waste {(all == 0 ? 0 : 100.0 * _tally.WastedCompletionTokens / all):0.0} %");
        }
        if (rate > 0) parts.Add($"{Rate(rate)} tokens/s");
        if (fleet is not null && (_options.PromptPrice > 0 || _options.CompletionPrice > 0))
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"${fleet.Cost:0.00} of about ${_forecast.Cost(fleet.Cost):0.00}"));
        if (fleet is not null && _forecast.Left(rate, SlowestStream(fleet)) is { } left)
        {
            parts.Add($"{Duration(left.Likely)} to {Duration(left.Careful)} left");
            RolloutMeter.Left.Record(left.Likely.TotalSeconds);
        }
        return parts.Count == 0 ? null : string.Join("  ", parts);
    }

    private static double SlowestStream(FleetSnapshot fleet) =>
        fleet.Endpoints.Where(endpoint => endpoint is { State: "up", InFlight: > 0 }).Select(endpoint => endpoint.TokensPerSecond / endpoint.InFlight).DefaultIfEmpty(0).Min();

    private static string Line(EndpointSnapshot endpoint)
    {
        string state = endpoint.State == "up" ? "" : $"  {endpoint.State}";
        string faults = endpoint.Faults == 0 ? "" : $"  {endpoint.Faults} failed attempts, the last: {endpoint.LastTrouble?.Message}";
        return $"{endpoint.Name}  {endpoint.InFlight} of {endpoint.Limit} under way  {endpoint.Completed} done  {Rate(endpoint.TokensPerSecond)} tokens/s{state}{faults}";
    }

    private static string Rate(double rate) => rate < 1000 ? $"{rate:0}" : $"{rate / 1000:0.0}k";

    private static string Duration(TimeSpan time) => time switch
    {
        { TotalMinutes: < 1 } => $"{time.TotalSeconds:0} s",
        { TotalHours: < 1 } => $"{time.TotalMinutes:0} min",
        { TotalDays: < 2 } => $"{time.TotalHours:0.0} h",
        _ => $"{time.TotalDays:0.0} days",
    };
}
