using System.Net;
using System.Net.Sockets;
using System.Text;
using Distill.Inference;
using Distill.Inference.Endpoints;
using Distill.Inference.Fleet;
using Distill.Tests.Inference.Endpoints;
using Xunit;
using static Distill.Tests.Inference.Endpoints.EndpointUnderTest;
using static Distill.Tests.Inference.Endpoints.ScriptedServer;

namespace Distill.Tests.Inference.Fleet;

/// <summary>Servers that fail as a whole, one of several: nothing is lost, nothing comes twice.</summary>
public sealed class FleetFaultTests
{
    [Fact]
    public async Task AServerThatIsNotThereIsLeftOutAndTheOthersDoItsWork()
    {
        await using var good = new ScriptedServer((_, stream) => Send(stream, GoodStream()));
        using var closed = new Socket(SocketType.Stream, ProtocolType.Tcp);
        closed.Bind(new IPEndPoint(IPAddress.Loopback, 0)); // held, so that nobody else answers there, and refusing: it does not listen
        await using var fleet = new EndpointFleet(Options($"http://127.0.0.1:{((IPEndPoint)closed.LocalEndPoint!).Port}/v1", good.Url));
        AssertExactlyOnce(40, await Collect(fleet, Requests(40)));
        Assert.Equal(["down", "up"], fleet.Snapshot().Endpoints.Select(endpoint => endpoint.State));
    }

    [Fact]
    public void AServerThatDiesMidRunIsFoundOutInFewTriesAndComesBackByItsCanary() => Simulation.Run(async world =>
    {
        TimeSpan trace = TimeSpan.FromSeconds(1);
        bool IsGone() => world.Time.Elapsed.TotalSeconds is > 5 and < 30;
        var flaky = new SimulatedEngine(world.Time, trace) { IsThere = () => !IsGone() };
        await using EndpointFleet fleet = world.Fleet(Simulation.Options, flaky, new SimulatedEngine(world.Time, trace));
        int before = 0, during = 0;
        var completed = new List<CompletedRequest>();
        await foreach (CompletedRequest one in fleet.CompleteAsync(Requests(300), CancellationToken.None))
        {
            completed.Add(one);
            if (!IsGone() && during == 0) before = flaky.Calls.Count;
            if (IsGone()) during = flaky.Calls.Count;
        }
        AssertExactlyOnce(300, completed);
        Assert.InRange(before, 17, 24); // four places for five seconds
        Assert.InRange(during - before, 0, 5); // five failures put it aside, those that it cuts among them
        Assert.InRange(flaky.Canaries, 5, 7); // each five seconds
        Assert.True(flaky.Calls.Count > during + 20, "it got no work after it came back");
    });

    [Fact]
    public void ABlackHoleIsLeftByItsTimers() => Simulation.Run(async world =>
    {
        var hole = new SimulatedEngine(world.Time, Timeout.InfiniteTimeSpan) { ProbeLength = Timeout.InfiniteTimeSpan };
        await using EndpointFleet fleet = world.Fleet(Simulation.Options, hole, new SimulatedEngine(world.Time, TimeSpan.FromSeconds(10)));
        AssertExactlyOnce(20, await Collect(fleet, Requests(20)));
        Assert.Empty(hole.Calls);
        Assert.Equal(Simulation.Options.IdleTimeout + TimeSpan.FromSeconds(50), world.Time.Elapsed); // one wait for what it is, then 20 traces in four places
    });

    [Fact]
    public void AServerThatFallsSilentLosesItsRequestsToTheOthers() => Simulation.Run(async world =>
    {
        var silent = new SimulatedEngine(world.Time, Timeout.InfiniteTimeSpan);
        await using EndpointFleet fleet = world.Fleet(Simulation.Options, silent, new SimulatedEngine(world.Time, TimeSpan.FromSeconds(10)));
        AssertExactlyOnce(20, await Collect(fleet, Requests(20)));
        Assert.Equal(4, silent.Calls.Count); // it may still be at work on them: the others are asked, and it is not asked again
        Assert.InRange(world.Time.Elapsed, Simulation.Options.QueueTimeout, 1.1 * Simulation.Options.QueueTimeout);
    });

    [Fact]
    public void AServerThatFellSilentIsAskedAgainWhereThereIsNoOther() => Simulation.Run(async world =>
    {
        var engine = new SimulatedEngine(world.Time, call => call.Attempt == 1 ? Timeout.InfiniteTimeSpan : TimeSpan.FromSeconds(10));
        await using EndpointFleet fleet = world.Fleet(Simulation.Options, engine);
        AssertExactlyOnce(4, await Collect(fleet, Requests(4)));
        Assert.Equal(8, engine.Calls.Count);
    });

    [Fact]
    public async Task ABlackHoleGivesNoToken()
    {
        using var hole = new TcpListener(IPAddress.Loopback, 0); // the system accepts, nobody reads
        hole.Start();
        var address = new EndpointOptions { Url = $"http://127.0.0.1:{((IPEndPoint)hole.LocalEndpoint).Port}/v1" };
        EndpointReadiness readiness = await EndpointReadiness.AskAsync(address, "m", null, TimeSpan.FromMilliseconds(300), TimeProvider.System, CancellationToken.None);
        Assert.Equal((false, false, "no token for the canary"), (readiness.IsReady, readiness.IsHopeless, readiness.Reason));
    }

    [Fact]
    public async Task AConnectionResetBeforeAnyReplyIsSentAgainForFree()
    {
        await using var server = new ScriptedServer(async (request, stream) =>
        {
            if (request.Number == 1) Reset(stream);
            else await Send(stream, GoodStream());
        });
        await using var fleet = new EndpointFleet(Options(server.Url) with { MaxRetries = 0 });
        AssertExactlyOnce(1, await Collect(fleet, Requests(1)));
    }

    [Theory]
    [InlineData("half a line")]
    [InlineData("zw\u00F6lf")]
    public async Task AResetInTheTextKeepsNothingOfIt(string text)
    {
        await using var server = new ScriptedServer(async (request, stream) =>
        {
            if (request.Number == 1)
            {
                byte[] bytes = Encoding.UTF8.GetBytes(StreamHead + Delta("content", "before ") + "data: {\"choices\":[{\"delta\":{\"content\":\"" + text);
                await stream.WriteAsync(bytes.AsMemory(..^3)); // inside a character, or a word
                await Task.Delay(30);
                Reset(stream);
            }
            else await Send(stream, GoodStream());
        });
        await using var fleet = new EndpointFleet(Options(server.Url));
        Assert.Equal("two and two", AssertExactlyOnce(1, await Collect(fleet, Requests(1)))[0].Completion.Reasoning);
    }

    [Fact]
    public void AServerThatRestartsAndLoadsIsWaitedFor() => Simulation.Run(async world =>
    {
        double Minutes() => world.Time.Elapsed.TotalMinutes;
        var engine = new SimulatedEngine(world.Time, _ => Minutes() is > 2 and < 12 ? throw SimulatedEngine.Full : TimeSpan.FromSeconds(10)) { IsThere = () => Minutes() is < 1 or > 2 };
        await using EndpointFleet fleet = world.Fleet(Simulation.Options with { MaxRetries = 100 }, engine);
        AssertExactlyOnce(400, await Collect(fleet, Requests(400)));
        Assert.True(engine.Canaries > 5);
        Assert.InRange(Minutes(), 16.6 + 11, 16.6 + 11 + 4); // the work, the outage, and at most two of the longest pauses
    });

    [Fact]
    public async Task AServerThatRestartsAtTheSameAddressIsTakenInAgain()
    {
        var address = new IPEndPoint(IPAddress.Parse("127.84.19.7"), 0); // a loopback address of this test's own: nobody takes the port meanwhile
        var first = new ScriptedServer((_, stream) => Send(stream, GoodStream()), address);
        await using var fleet = new EndpointFleet(Options(first.Url) with { MaxRetries = 1000, OutagePatience = TimeSpan.FromMinutes(10) });
        Task restart = Task.CompletedTask;
        ScriptedServer? second = null;
        bool enough = false;
        var completed = new List<CompletedRequest>();
        await foreach (CompletedRequest one in fleet.CompleteAsync(Requests(1_000_000).TakeWhile(_ => !Volatile.Read(ref enough)), TestContext.Current.CancellationToken))
        {
            completed.Add(one);
            if (completed.Count == 10) restart = RestartAsync();
            if (Volatile.Read(ref second)?.Requests.Count > 50) Volatile.Write(ref enough, true);
        }
        await restart;
        AssertExactlyOnce(completed.Count, completed);
        Assert.Contains(second!.Requests, request => request.IsCanary);
        await second.DisposeAsync();

        async Task RestartAsync()
        {
            await first.DisposeAsync();
            while (fleet.Snapshot().Endpoints[0].State == "up") await Task.Delay(10);
            second = new((request, stream) => Send(stream, request.Number <= 3 ? Reply(503, """{"error":{"code":503,"message":"Loading model"}}""") : GoodStream()), first.Address);
        }
    }

    [Fact]
    public void AServerWhoseModelChangesIsPutAsideAndItsRequestGoesElsewhere() => Simulation.Run(async world =>
    {
        SimulatedEngine changing = null!;
        changing = new SimulatedEngine(world.Time, TimeSpan.FromSeconds(1)) { Model = () => changing.Calls.Count < 8 ? "m" : "m-2" };
        await using EndpointFleet fleet = world.Fleet(Simulation.Options, changing, new SimulatedEngine(world.Time, TimeSpan.FromSeconds(1)));
        List<CompletedRequest> completed = AssertExactlyOnce(60, await Collect(fleet, Requests(60)));
        Assert.All(completed, one => Assert.Equal("m", one.Completion.Origin.Model));
        Assert.Equal("quarantined", fleet.Snapshot().Endpoints[0].State);
    });

    [Fact]
    public void FourServersOneSlowOneDeadOneFlappingKeepNearlyTheirIdealPace()
    {
        int[][] windows = Windows();
        // In 40 s a good place completes 40 traces; the slow server is ten times slower, the flapping one is there half of the time.
        Assert.All(windows, done => Assert.True(done.Sum() >= 0.9 * 4 * (40 + 4 + 20), string.Join(' ', done)));
        Assert.All(windows, done => Assert.True(done[2] == 0 && done[0] == 4 * 40 && done[3] > 4 * done[1], string.Join(' ', done)));
        Assert.Equal(windows, Windows()); // to the last completion: no machine's speed is in it

        static int[][] Windows()
        {
            var windows = new List<int[]>();
            Simulation.Run(async world =>
            {
                TimeSpan trace = TimeSpan.FromSeconds(1);
                double Seconds() => world.Time.Elapsed.TotalSeconds;
                await using EndpointFleet fleet = world.Fleet(Simulation.Options, new(world.Time, trace), new(world.Time, 10 * trace),
                    new(world.Time, trace) { IsThere = () => Seconds() < 10 }, new(world.Time, trace) { IsThere = () => Seconds() % 40 < 20 });
                await foreach (CompletedRequest one in fleet.CompleteAsync(Requests(1_000_000), CancellationToken.None))
                {
                    Assert.Null(one.Failure);
                    if (Seconds() < 40 * (windows.Count + 1)) continue;
                    windows.Add([.. fleet.Snapshot().Endpoints.Select(endpoint => (int)endpoint.Completed)]);
                    if (windows.Count == 4) break; // the first window warms up
                }
            });
            return [.. windows.Skip(1).Zip(windows, (now, before) => now.Zip(before, (a, b) => a - b).ToArray())];
        }
    }

    [Fact]
    public void ADeadServerCostsFewTries() => Simulation.Run(async world =>
    {
        TimeSpan trace = TimeSpan.FromSeconds(1);
        var dead = new SimulatedEngine(world.Time, trace) { IsThere = () => world.Time.Elapsed < 10 * trace };
        await using EndpointFleet fleet = world.Fleet(Simulation.Options, dead, new SimulatedEngine(world.Time, trace), new SimulatedEngine(world.Time, trace));
        AssertExactlyOnce(1000, await Collect(fleet, Requests(1000)));
        Assert.InRange(dead.Calls.Count - fleet.Snapshot().Endpoints[0].Completed, 1, 8); // those under way, and what it takes to be sure
        Assert.InRange(world.Time.Elapsed.TotalSeconds, 120, 1.05 * (10 + ((1000 - 120) / 8.0)));
    });

    [Fact]
    public async Task AClockThatJumpsChangesNothing()
    {
        await using var server = new ScriptedServer((request, stream) => Send(stream,
            request.Number == 1 ? Reply(429, "{}", $"Retry-After: {DateTimeOffset.UtcNow.AddSeconds(1):R}\r\n") : GoodStream()));
        await using var fleet = new EndpointFleet(Options(server.Url) with { Time = new JumpingTime(), MaxRetryDelay = TimeSpan.FromMilliseconds(200) });
        AssertExactlyOnce(30, await Collect(fleet, Requests(30)));
    }

    [Fact]
    public void AProcessThatStoodStillForAnHourDoesNotTakeItForSilence()
    {
        var time = new ManualTime();
        using var watch = new IdleWatch(time, TimeSpan.FromMinutes(30), TimeSpan.FromMinutes(1), CancellationToken.None);
        watch.Text(time.GetTimestamp());
        time.Advance(TimeSpan.FromSeconds(50));
        time.Advance(TimeSpan.FromHours(1)); // the timer fires an hour late
        Assert.False(watch.Token.IsCancellationRequested);
        time.Advance(TimeSpan.FromSeconds(61)); // and now there is real silence
        Assert.True(watch.Token.IsCancellationRequested);
    }

    internal static List<CompletedRequest> AssertExactlyOnce(int count, List<CompletedRequest> completed)
    {
        Assert.Equal(Enumerable.Range(0, count).Select(i => $"r{i}").Order(), completed.Select(one => one.Request.Id).Order());
        Assert.All(completed, one => Assert.Null(one.Failure));
        return completed;
    }

    /// <summary>The wall clock jumps by days with every look; the steady one goes on.</summary>
    private sealed class JumpingTime : TimeProvider
    {
        private int _looks;

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddDays(Interlocked.Increment(ref _looks) % 2 == 0 ? 30 : -30);
    }
}
