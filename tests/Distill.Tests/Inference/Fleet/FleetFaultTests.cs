using System.Diagnostics;
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
        await using var fleet = new EndpointFleet(Options($"http://127.0.0.1:{ClosedPort()}/v1", good.Url));
        AssertExactlyOnce(40, await Collect(fleet, Requests(40)));
        Assert.Equal(["down", "up"], fleet.Snapshot().Endpoints.Select(endpoint => endpoint.State));
    }

    [Fact]
    public async Task AServerThatDiesMidRunIsFoundOutInFewTriesAndComesBackByItsCanary()
    {
        int failing = 1;
        await using var flaky = new ScriptedServer(async (request, stream) =>
        {
            if (Volatile.Read(ref failing) == 1 && request.Number > 3) Reset(stream);
            else await Send(stream, GoodStream());
        });
        await using var good = new ScriptedServer(async (_, stream) =>
        {
            await Task.Delay(5);
            await Send(stream, GoodStream());
        });
        await using var fleet = new EndpointFleet(Options(flaky.Url, good.Url) with { BreakDuration = TimeSpan.FromMilliseconds(300) });
        var completed = new List<CompletedRequest>();
        int atHalf = 0;
        await foreach (CompletedRequest one in fleet.CompleteAsync(Requests(300), CancellationToken.None))
        {
            completed.Add(one);
            if (completed.Count != 150) continue;
            atHalf = flaky.Requests.Count(request => !request.IsCanary);
            Volatile.Write(ref failing, 0);
            while (fleet.Snapshot().Endpoints[0].State != "up") await Task.Delay(20);
        }
        AssertExactlyOnce(300, completed);
        Assert.InRange(atHalf, 3, 3 + 14); // five failures open the breaker; those under way and their free resends come on top
        Assert.Contains(flaky.Requests, request => request.IsCanary);
        Assert.True(flaky.Requests.Count(request => !request.IsCanary) > atHalf, "it got no work after it came back");
    }

    [Fact]
    public async Task ABlackHoleIsLeftByItsTimers()
    {
        using var hole = new TcpListener(IPAddress.Loopback, 0); // the system accepts, nobody reads
        hole.Start();
        await using var good = new ScriptedServer((_, stream) => Send(stream, GoodStream()));
        await using var fleet = new EndpointFleet(Options($"http://127.0.0.1:{((IPEndPoint)hole.LocalEndpoint).Port}/v1", good.Url) with { IdleTimeout = TimeSpan.FromMilliseconds(400), QueueTimeout = TimeSpan.FromMilliseconds(400) });
        AssertExactlyOnce(20, await Collect(fleet, Requests(20)));
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
    public async Task AServerThatRestartsAtTheSameAddressIsWaitedFor()
    {
        int port = ClosedPort();
        var first = new ScriptedServer((_, stream) => Send(stream, GoodStream()), port);
        await using var fleet = new EndpointFleet(Options($"http://127.0.0.1:{port}/v1") with { MaxRetries = 100, Concurrency = 2 });
        var completed = new List<CompletedRequest>();
        ScriptedServer? second = null;
        await foreach (CompletedRequest one in fleet.CompleteAsync(Requests(400), CancellationToken.None))
        {
            completed.Add(one);
            if (completed.Count != 10) continue;
            await first.DisposeAsync();
            await Task.Delay(400);
            bool loading = true;
            second = new ScriptedServer((_, stream) => Send(stream, Volatile.Read(ref loading) ? Reply(503, """{"error":{"code":503,"message":"Loading model"}}""") : GoodStream()), port);
            _ = Task.Delay(400).ContinueWith(_ => Volatile.Write(ref loading, false), TaskScheduler.Default);
        }
        AssertExactlyOnce(400, completed);
        Assert.Contains(second!.Requests, request => request.IsCanary);
        await second.DisposeAsync();
    }

    [Fact]
    public async Task AServerWhoseModelChangesIsPutAsideAndItsRequestGoesElsewhere()
    {
        await using var changing = new ScriptedServer((request, stream) => Send(stream,
            request.Number < 5 ? GoodStream() : GoodStream().Replace("\"model\":\"m\"", "\"model\":\"m-2\"", StringComparison.Ordinal)));
        await using var good = new ScriptedServer((_, stream) => Send(stream, GoodStream()));
        await using var fleet = new EndpointFleet(Options(changing.Url, good.Url));
        List<CompletedRequest> completed = AssertExactlyOnce(60, await Collect(fleet, Requests(60)));
        Assert.All(completed, one => Assert.Equal("m", one.Completion.Origin.Model));
        Assert.Equal("quarantined", fleet.Snapshot().Endpoints[0].State);
    }

    [Fact]
    public async Task FourServersOneSlowOneDeadOneFlappingKeepNearlyTheirIdealPace()
    {
        // 2 places each; a good server takes 20 ms, the slow one 200 ms, the flapping one resets every other half second
        var clock = Stopwatch.StartNew();
        ScriptedServer Server(int milliseconds, Func<bool> up) => new(async (_, stream) =>
        {
            if (!up())
            {
                Reset(stream);
                return;
            }
            await Task.Delay(milliseconds);
            await Send(stream, GoodStream());
        });
        await using ScriptedServer good = Server(20, () => true), slow = Server(200, () => true), dead = Server(20, () => clock.ElapsedMilliseconds < 200), flapping = Server(20, () => clock.ElapsedMilliseconds % 1000 < 500);
        await using var fleet = new EndpointFleet(Options(good.Url, slow.Url, dead.Url, flapping.Url) with { BreakDuration = TimeSpan.FromMilliseconds(50), RetryDelay = TimeSpan.FromMilliseconds(20) }); // a hundredth of the usual pauses
        AssertExactlyOnce(400, await Collect(fleet, Requests(400)));
        EndpointSnapshot[] shares = [.. fleet.Snapshot().Endpoints];
        Assert.True(shares[0].Completed > 6 * shares[1].Completed, $"good {shares[0].Completed}, slow {shares[1].Completed}");
        Assert.True(shares[3].Completed > shares[1].Completed, $"flapping {shares[3].Completed}, slow {shares[1].Completed}");
        Assert.InRange(dead.Requests.Count(request => !request.IsCanary) - shares[2].Completed, 0, 20);
    }

    [Fact]
    public async Task ThroughputStaysNearTheIdealInEveryWindow()
    {
        // A twentieth of real pauses: the flapping server is gone every other second (20 s), a canary is sent every quarter (5 s).
        var clock = Stopwatch.StartNew();
        ScriptedServer Server(int milliseconds, Func<bool> up) => new(async (request, stream) =>
        {
            if (up() && !request.IsCanary) await Task.Delay(milliseconds); // one token takes no time beside a trace
            if (up()) await Send(stream, GoodStream());
            else Reset(stream);
        });
        await using ScriptedServer good = Server(50, () => true), slow = Server(500, () => true), dead = Server(50, () => false), flapping = Server(50, () => clock.ElapsedMilliseconds % 2000 < 1000);
        await using var fleet = new EndpointFleet(Options(good.Url, slow.Url, dead.Url, flapping.Url) with { BreakDuration = TimeSpan.FromMilliseconds(250), Concurrency = 4, MaxRetries = 100 });
        var windows = new List<int[]>();
        await foreach (CompletedRequest one in fleet.CompleteAsync(Requests(1_000_000), CancellationToken.None))
        {
            Assert.Null(one.Failure);
            if (clock.ElapsedMilliseconds < 2000 * (windows.Count + 1)) continue;
            windows.Add([.. fleet.Snapshot().Endpoints.Select(endpoint => (int)endpoint.Completed)]);
            if (windows.Count == 4) break; // the first window warms up
        }
        // The good server, always busy, tells what a place gives on this machine: the slow one a tenth of it, the flapping one half.
        Assert.All(Enumerable.Range(1, 3), window =>
        {
            int[] done = [.. windows[window].Zip(windows[window - 1], (now, before) => now - before)];
            Assert.True(done.Sum() >= 0.9 * 1.6 * done[0], $"window {window}: good {done[0]}, slow {done[1]}, dead {done[2]}, flapping {done[3]}");
        });
    }

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

    private static int ClosedPort()
    {
        using var free = new TcpListener(IPAddress.Loopback, 0);
        free.Start();
        return ((IPEndPoint)free.LocalEndpoint).Port;
    }

    /// <summary>The wall clock jumps by days with every look; the steady one goes on.</summary>
    private sealed class JumpingTime : TimeProvider
    {
        private int _looks;

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddDays(Interlocked.Increment(ref _looks) % 2 == 0 ? 30 : -30);
    }
}
