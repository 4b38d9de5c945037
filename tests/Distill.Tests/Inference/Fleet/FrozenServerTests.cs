using System.Diagnostics;
using Distill.Inference;
using Distill.Inference.Fleet;
using Distill.Tests.Inference.Endpoints;
using Xunit;
using static Distill.Tests.Inference.Endpoints.EndpointUnderTest;
using static Distill.Tests.Inference.Endpoints.ScriptedServer;

namespace Distill.Tests.Inference.Fleet;

/// <summary>A server whose process stands still: its sockets stay open and its system still takes connections, but no token comes.</summary>
public sealed class FrozenServerTests : IDisposable
{
    // Streams a token every 10 ms; prints its port first.
    private const string Server = """
        import json, time
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
        def piece(delta, finish=None, **more):
            return b"data: " + json.dumps({"model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more}).encode() + b"\n\n"
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                body = b'{"object":"list","data":[{"id":"m"}]}'
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.end_headers()
                try:
                    for word in ["two ", "and ", "two", "\n</think>\n\n", "\\boxed{4}"]:
                        self.wfile.write(piece({"content": word}))
                        time.sleep(0.01)
                    self.wfile.write(piece({}, "stop") + b'data: {"model":"m","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":9}}\n\ndata: [DONE]\n\n')
                except OSError:
                    pass
            def log_message(self, *rest):
                pass
        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        print(server.server_port, flush=True)
        server.serve_forever()
        """;

    private readonly Process _server;

    public FrozenServerTests()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Distill.Runs.ProgramPath.Find("python3") is not null, "needs a process that can be stopped, and Python for it");
        _server = Process.Start(new ProcessStartInfo("python3", ["-c", Server]) { RedirectStandardOutput = true })!;
    }

    public void Dispose()
    {
        _server.Kill(); // also a process that stands still
        _server.Dispose();
    }

    [Fact]
    public async Task ItsWorkGoesToTheOthersAndItComesBackWhenItMoves()
    {
        string url = $"http://127.0.0.1:{await _server.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken)}/v1";
        await using var good = new ScriptedServer(async (_, stream) =>
        {
            await Task.Delay(20);
            await Send(stream, GoodStream());
        });
        await using var fleet = new EndpointFleet(Options(url, good.Url) with { StallTimeout = TimeSpan.FromMilliseconds(500), MaxRetries = 1000, IdleTimeout = TimeSpan.FromSeconds(2), QueueTimeout = TimeSpan.FromSeconds(2), OutagePatience = TimeSpan.FromMinutes(10) });
        EndpointSnapshot Frozen() => fleet.Snapshot().Endpoints[0];
        var completed = new List<CompletedRequest>();
        long before = 0, during = 0;
        string phase = "moves";
        // The reader never waits: requests go out, and time passes, as long as a phase takes on this machine.
        await foreach (CompletedRequest one in fleet.CompleteAsync(Requests(1_000_000).TakeWhile(_ => phase != "over"), TestContext.Current.CancellationToken))
        {
            completed.Add(one);
            if (phase == "moves" && Frozen().Completed >= 10)
            {
                Signal("STOP");
                before = Frozen().Completed;
                phase = "stands still";
            }
            else if (phase == "stands still" && Frozen().State != "up") // seen by its silence, with the other at work
            {
                during = Frozen().Completed;
                Signal("CONT");
                phase = "moves again";
            }
            else if (phase == "moves again" && Frozen().State == "up" && Frozen().Completed > during + 10) phase = "over"; // proved by its canary
        }

        FleetFaultTests.AssertExactlyOnce(completed.Count, completed);
        Assert.InRange(during - before, 0, 4); // what had arrived already
    }

    private void Signal(string name)
    {
        using Process kill = Process.Start("kill", [$"-{name}", $"{_server.Id}"]);
        kill.WaitForExit();
    }
}
