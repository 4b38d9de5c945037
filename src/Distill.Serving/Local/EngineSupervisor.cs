using System.Globalization;
using System.Net.Sockets;
using Distill.Inference.Endpoints;
using Distill.Runs;

namespace Distill.Serving;

/// <summary>Starts an engine on this machine, waits for its first token, and starts it again when it crashes; ends it, with all that it started, when it is told to stop.</summary>
/// <param name="plan">What is served.</param>
/// <param name="folder">Folder with the launch script; the log goes there too.</param>
/// <param name="progress">Receives what happens.</param>
/// <param name="ready">Receives the address each time the engine has produced its first token.</param>
/// <param name="time">Clock.</param>
internal sealed class EngineSupervisor(ServePlan plan, string folder, IProgress<ProgressEvent> progress, Action<string> ready, TimeProvider time)
{
    /// <summary>Name of the log file.</summary>
    public const string LogName = "engine.log";

    private const string RecordName = ".engine.json";

    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1), TokenPatience = TimeSpan.FromMinutes(2), Grace = TimeSpan.FromSeconds(30), Steady = TimeSpan.FromMinutes(10), LongestPause = TimeSpan.FromMinutes(5);

    private readonly string _log = Path.Combine(folder, LogName), _record = Path.Combine(folder, RecordName);

    /// <summary>Serves until it is cancelled.</summary>
    /// <exception cref="InputException">The port is taken, the engine never became ready, or crashed too often.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        if (await ProcessGroup.EndLeftoverAsync(_record, Grace) is { } left) progress.Report(ProgressEvent.Say($"ended the engine that an interrupted run had left (process group {left})"));
        if (await IsTakenAsync(cancellation)) throw new InputException($"port {plan.Port} is taken by another program", "choose another with --port, or end the other program");
        TimeSpan pause = TimeSpan.FromSeconds(plan.Options.RestartSeconds);
        for (int failures = 0; ;)
        {
            long started = time.GetTimestamp();
            int code = await RunOnceAsync(cancellation);
            if (time.GetElapsedTime(started) > Steady) (failures, pause) = (0, TimeSpan.FromSeconds(plan.Options.RestartSeconds));
            if (++failures > plan.Options.MaxRestarts)
                throw new InputException($"{plan.EngineName} ended with code {code} {failures} times in a row", $"its own words are in {_log}: {EngineLog.LastLine(_log)}");
            progress.Report(ProgressEvent.Say(string.Create(CultureInfo.InvariantCulture, $"{plan.EngineName} ended with code {code} ({EngineLog.LastLine(_log)}); restart {failures} of {plan.Options.MaxRestarts} in {pause.TotalSeconds:0.#} s")));
            await Task.Delay(pause, time, cancellation);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    // One life of the engine, from its start to its end.
    private async Task<int> RunOnceAsync(CancellationToken cancellation)
    {
        using ProcessGroup group = ProcessGroup.Start(Path.Combine(folder, LaunchScript.FileName), _log, _record);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        try
        {
            Task<int> end = group.WaitAsync(cancellation);
            Task wait = WaitReadyAsync(stop.Token);
            if (await Task.WhenAny(end, wait) == wait)
            {
                await wait;
                ready(plan.LocalUrl);
            }
            return await end;
        }
        finally
        {
            await stop.CancelAsync();
            await group.EndAsync(Grace); // workers outlive an engine that crashed
        }
    }

    private async Task WaitReadyAsync(CancellationToken cancellation)
    {
        var endpoint = new EndpointOptions { Url = plan.LocalUrl, Dialect = plan.Options.Engine == ServingEngine.Vllm ? EngineDialect.Vllm : EngineDialect.Sglang };
        long started = time.GetTimestamp(), most = (long)(plan.Options.ReadyMinutes * 60);
        while (true)
        {
            EndpointReadiness readiness = await EndpointReadiness.AskAsync(endpoint, plan.ServedName, ServePlan.Key(), TokenPatience, time, cancellation);
            if (readiness.IsReady) return;
            if (readiness.IsHopeless) throw new InputException($"{plan.LocalUrl}: {readiness.Reason}", $"that is not the engine which was started; see {_log}");
            TimeSpan waited = time.GetElapsedTime(started);
            if (waited.TotalSeconds > most)
                throw new InputException(string.Create(CultureInfo.InvariantCulture, $"{plan.EngineName} produced no token within {plan.Options.ReadyMinutes:0.##} minutes: {readiness.Reason}"), $"its own words are in {_log}; more time gives --ready-minutes");
            progress.Report(new($"{plan.EngineName} loads {plan.ServedName}", (long)waited.TotalSeconds, most, "seconds", EngineLog.LastLine(_log)));
            await Task.Delay(Poll, time, cancellation);
        }
    }

    // An engine that finds its port taken ends only after it has loaded; and the other program might answer in its place.
    private async Task<bool> IsTakenAsync(CancellationToken cancellation)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(new Uri(plan.LocalUrl).DnsSafeHost, plan.Port, cancellation);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
