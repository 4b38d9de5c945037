using System.Collections.Concurrent;
using Distill.Inference.Endpoints;
using Distill.Inference.Fleet;
using Distill.Runs;
using Xunit;

namespace Distill.Tests.Inference.Fleet;

/// <summary>
/// A world of one thread, whose clock moves only when nobody in it has anything left to do. What happens there, and when, is
/// the same on every machine, however slow it is and whatever else it does.
/// </summary>
internal sealed class Simulation : TaskScheduler
{
    // Only for a world that waits for something outside of it, or for ever.
    private static readonly TimeSpan HangGuard = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan LongestWorld = TimeSpan.FromDays(7);

    private readonly BlockingCollection<Task> _due = [];
    private readonly int _thread = Environment.CurrentManagedThreadId;
    private string? _leftBy;

    private Simulation()
    {
    }

    /// <summary>The clock.</summary>
    public ManualTime Time { get; } = new();

    /// <summary>Runs a world to its end.</summary>
    public static void Run(Func<Simulation, Task> world)
    {
        var simulation = new Simulation();
        Task running = Task.Factory.StartNew(() => world(simulation), CancellationToken.None, TaskCreationOptions.DenyChildAttach, simulation).Unwrap();
        while (!running.IsCompleted)
        {
            if (simulation._due.TryTake(out Task? next) || (!simulation.Time.AdvanceToNextTimer() && simulation.Wait(out next))) simulation.TryExecuteTask(next!);
            if (simulation.Time.Elapsed > LongestWorld) throw new TimeoutException("the simulated world does not come to its end");
        }
        // Work that went on in another thread may not have been done when the clock moved.
        Assert.True(simulation._leftBy is null, simulation._leftBy);
        running.GetAwaiter().GetResult();
    }

    /// <summary>Options with the pauses that a user's have.</summary>
    public static FleetOptions Options { get; } = new() { Endpoints = [], Model = "m", Concurrency = 4 };

    /// <summary>A fleet of engines on this clock.</summary>
    public EndpointFleet Fleet(FleetOptions options, params SimulatedEngine[] engines) => Fleet(Time, options, engines);

    /// <summary>A fleet of engines on any clock.</summary>
    public static EndpointFleet Fleet(TimeProvider time, FleetOptions options, params SimulatedEngine[] engines)
    {
        options = options with { Time = time, Jitter = new RandomStream(0).NextDouble, Endpoints = [.. engines.Select(engine => new EndpointOptions { Url = "http://unused", Weight = engine.Weight })] };
        return new EndpointFleet(options, [.. engines.Select((engine, i) => new FleetEndpoint(options.Endpoints[i], options, engine))]);
    }

    protected override void QueueTask(Task task)
    {
        if (Environment.CurrentManagedThreadId != _thread) _leftBy ??= Environment.StackTrace;
        _due.Add(task);
    }

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) =>
        Environment.CurrentManagedThreadId == _thread && !taskWasPreviouslyQueued && TryExecuteTask(task);

    protected override IEnumerable<Task> GetScheduledTasks() => _due;

    private bool Wait(out Task? next) => _due.TryTake(out next, HangGuard) ? true : throw new TimeoutException("the simulated world waits for something that never comes");
}
