using System.Runtime.CompilerServices;
using System.Text;
using Distill.Inference.Endpoints;

namespace Distill.Tests.Inference.Fleet;

/// <summary>An engine whose completions take as long as the script says, on a clock of the test's own.</summary>
/// <param name="time">The clock.</param>
/// <param name="length">How long this completion streams; throws what the engine refuses it with.</param>
internal sealed class SimulatedEngine(TimeProvider time, Func<EngineCall, TimeSpan> length) : IEngine
{
    private static readonly string[] Pieces = ["two ", "and ", "two", "\n</think>\n\n", "\\boxed{4}"];

    private readonly List<EngineCall> _calls = [];
    private int _inFlight;
    private int _canaries;

    /// <summary>An engine whose completions all take the same time.</summary>
    public SimulatedEngine(TimeProvider time, TimeSpan length) : this(time, _ => length)
    {
    }

    public string Name { get; init; } = "simulated";

    public bool CanContinue => false;

    /// <summary>How much of the work it should get.</summary>
    public double Weight { get; init; } = 1;

    /// <summary>Whether it is there: while it is not, connections are refused, and those that are open are cut.</summary>
    public Func<bool> IsThere { get; init; } = () => true;

    /// <summary>The model that it says it is.</summary>
    public Func<string> Model { get; init; } = () => "m";

    /// <summary>Completions that it was asked for, canaries not among them.</summary>
    public IReadOnlyList<EngineCall> Calls
    {
        get
        {
            lock (_calls) return [.. _calls];
        }
    }

    /// <summary>Canaries that it was asked for.</summary>
    public int Canaries => Volatile.Read(ref _canaries);

    /// <summary>Completions under way.</summary>
    public int InFlight => Volatile.Read(ref _inFlight);

    public static EndpointFault Unreachable => new(FaultKind.Transient, "unreachable", "Connection refused");

    public static EndpointFault Full => new(FaultKind.Overload, "overloaded", "The request queue is full.");

    /// <summary>How long it takes to say what it is.</summary>
    public TimeSpan ProbeLength { get; init; }

    public async Task<EngineFacts> ProbeAsync(CancellationToken cancellation)
    {
        await Task.Delay(ProbeLength, time, cancellation);
        return IsThere() ? new EngineFacts(EngineDialect.Vllm, ["m"], null) : throw Unreachable;
    }

    public Task<EngineLoad?> LoadAsync(CancellationToken cancellation) => Task.FromResult<EngineLoad?>(null);

    public async IAsyncEnumerable<EngineEvent> StreamAsync(EngineCall call, [EnumeratorCancellation] CancellationToken cancellation)
    {
        bool isCanary = call.Id == OneToken.Call.Id;
        if (isCanary) Interlocked.Increment(ref _canaries);
        else lock (_calls) _calls.Add(call);
        if (!IsThere()) throw Unreachable;
        Interlocked.Increment(ref _inFlight);
        try
        {
            string[] pieces = isCanary ? ["2"] : Pieces;
            TimeSpan all = length(call);
            if (all == Timeout.InfiniteTimeSpan) await Task.Delay(all, time, cancellation);
            foreach (string piece in pieces)
            {
                yield return new(EngineEventKind.Content) { Utf8 = Encoding.UTF8.GetBytes(piece) };
                if (!isCanary) await Task.Delay(all / pieces.Length, time, cancellation); // one token takes no time beside a trace
                if (!IsThere()) throw new EndpointFault(FaultKind.Transient, "stream_cut", "the stream was cut before its end");
            }
            yield return new(EngineEventKind.Served) { Text = Model() };
            yield return new(EngineEventKind.Finish) { Text = isCanary ? "length" : "stop" };
            yield return new(EngineEventKind.Usage) { Usage = new(7, isCanary ? 1 : 9) };
            yield return new(EngineEventKind.Done);
        }
        finally
        {
            Interlocked.Decrement(ref _inFlight);
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
