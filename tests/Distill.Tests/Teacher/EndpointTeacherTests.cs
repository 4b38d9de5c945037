using Distill.Inference.Endpoints;
using Distill.Runs;
using Distill.Teacher;
using Distill.Tests.Inference.Endpoints;
using Distill.Traces;
using Distill.Verification;
using Xunit;
using static Distill.Tests.Inference.Endpoints.ScriptedServer;

namespace Distill.Tests.Teacher;

/// <summary>teacher-gen against a server, from options to Parquet.</summary>
public sealed class EndpointTeacherTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task ServerFailuresOfEveryKindLoseAndRepeatNothing()
    {
        // every rollout fails once in one of several ways before it succeeds
        var failed = new HashSet<string>();
        await using var server = new ScriptedServer((request, stream) =>
        {
            string id = request.Headers["X-Request-Id"].Split('-')[0];
            bool first;
            lock (failed) first = failed.Add(id);
            return Send(stream, !first ? GoodStream("two and two", "\\boxed{4}") : (request.Number % 4) switch
            {
                0 => "",
                1 => StreamHead + Delta("content", "half a"),
                2 => StreamHead + Delta("content", "half") + "data: {\"error\":{\"message\":\"engine died\"}}\n\n" + Done,
                _ => StreamHead + Delta("content", "a</think>\\boxed{5}") + Usage(7, 9) + Done,
            });
        });
        TeacherGenOptions options = Options(server.Url, prompts: 6, samples: 4);
        TeacherGenResult result = await Generation(server).GenerateAsync(options, new Progress<ProgressEvent>(), CancellationToken.None);

        Trace[] traces = [.. TraceReader.Read(options.Out)];
        Assert.Equal(24, traces.Select(trace => trace.Id).Distinct().Count());
        Assert.All(traces, trace => Assert.Equal((Outcome.Correct, "two and two"), (trace.Verdict.Outcome, trace.Completion.Reasoning)));
        Assert.All(traces, trace => Assert.Equal(("m", server.Url), (trace.Teacher, trace.Completion.Origin.Endpoint)));
        Assert.Equal((24, 24), (result.Rollouts, result.Correct));
        Assert.Equal(24, server.Requests.Where(request => !request.IsCanary).Select(request => request.Json.GetProperty("seed").GetInt64()).Distinct().Count());
    }

    [Fact]
    public async Task TheKeyIsInNoFileOfTheRunNorInWhatItSays()
    {
        await using var server = new ScriptedServer((request, stream) => Send(stream, request.Number % 3 == 0
            ? Reply(400, $$$"""{"error":{"message":"prompt is too long for {{{request.Headers["Authorization"]}}}"}}""") : GoodStream()));
        TeacherGenOptions options = Options(server.Url, prompts: 9, samples: 1);
        var said = new List<string>();
        var progress = new SynchronousProgress(reading => said.Add($"{reading} {string.Join(' ', reading.Further ?? [])}"));
        TeacherGenResult result = await Generation(server, ApiKey.Find(null, _ => "sk-very-secret")).GenerateAsync(options, progress, CancellationToken.None);
        Assert.Equal("Bearer sk-very-secret", server.Requests[0].Headers["Authorization"]);
        Assert.Equal(3, result.Failed);
        foreach (string file in Directory.GetFiles(options.Out, "*", SearchOption.AllDirectories))
            Assert.True(File.ReadAllBytes(file).AsSpan().IndexOf("secret"u8) < 0, file);
        Assert.DoesNotContain("secret", string.Join(' ', said) + result + string.Join(' ', result.Notes), StringComparison.Ordinal);
        Assert.Contains(said, line => line.Contains(server.Url, StringComparison.Ordinal));
    }

    [Fact]
    public async Task ARunThatTheServerStoppedGoesOnWhereItWas()
    {
        bool up = true;
        await using var server = new ScriptedServer((request, stream) => Send(stream, up && request.Number != 6 ? GoodStream() : Reply(401, "{}")));
        TeacherGenOptions options = Options(server.Url, prompts: 10, samples: 1) with { Concurrency = 1 };
        var e = await Assert.ThrowsAsync<InputException>(() => Generation(server).GenerateAsync(options, new Progress<ProgressEvent>(), CancellationToken.None));
        Assert.Equal(3, e.ExitCode);
        int before = server.Requests.Count;
        await Generation(server).GenerateAsync(options, new Progress<ProgressEvent>(), CancellationToken.None);
        Assert.Equal(5, server.Requests.Count - before);
        Assert.Equal(10, TraceReader.Count(options.Out));
    }

    private static TraceGeneration Generation(ScriptedServer server, ApiKey? key = null) => new(
        (options, _) => new Distill.Inference.Fleet.EndpointFleet(new()
        {
            Endpoints = [new() { Url = server.Url }],
            Model = options.Model!,
            Concurrency = options.Concurrency,
            Key = key,
            RetryDelay = TimeSpan.FromMilliseconds(5),
            BreakDuration = TimeSpan.FromMilliseconds(5),
        }),
        TimeProvider.System, rowsPerPart: 7);

    private sealed class SynchronousProgress(Action<ProgressEvent> report) : IProgress<ProgressEvent>
    {
        public void Report(ProgressEvent value)
        {
            lock (this) report(value);
        }
    }

    private TeacherGenOptions Options(string url, int prompts, int samples)
    {
        File.WriteAllLines(_folder["p.jsonl"], Enumerable.Range(0, prompts).Select(i => $$"""{"id":"p{{i}}","prompt":"Compute 2+2 ({{i}}).","answer":"4"}"""));
        return new() { Prompts = _folder["p.jsonl"], Endpoint = [url], Model = "m", Samples = samples, MaxTokens = 100, Out = _folder["out"] };
    }
}
