using System.Text.Json;
using Distill.Chat;
using Distill.Inference.Endpoints;
using Distill.Inference.Fleet;
using Distill.Runs;
using Distill.Teacher;
using Distill.Tests.Inference.Endpoints;
using Distill.Traces;
using Distill.Verification;
using Xunit;

namespace Distill.Tests.Teacher;

/// <summary>teacher-gen through batch files, and beside it through a server that gives the same answers.</summary>
public sealed class BatchFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new(inMemory: true);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task BatchesGiveTheTracesOfAnOnlineRun()
    {
        TeacherGenOptions online = Options("online", 30, samples: 3), batch = Options("batch", 30, samples: 3);
        await using (var server = new ScriptedServer((request, stream) => ScriptedServer.Send(stream, BatchService.Stream(request.Json))))
        {
            await new TraceGeneration((options, _) => new EndpointFleet(new FleetOptions { Endpoints = [new() { Url = server.Url }], Model = "m" }), TimeProvider.System, 100)
                .GenerateAsync(online with { Endpoint = [server.Url] }, new Progress<ProgressEvent>(), CancellationToken.None);
        }
        StagePausedException written = await Emit(batch);
        Assert.Equal((4, "emit_batch", ("ingest_batch", "RESULTS.jsonl")), (written.ExitCode, written.Option, written.Instead));
        List<JsonElement> requests = BatchService.Requests(_folder["batch.jsonl"]);
        Assert.Equal(90, requests.Count);
        Answer("out.jsonl", [.. requests.AsEnumerable().Reverse().Select(request => BatchService.Completed(request))]);
        TeacherGenResult result = await Ingest(batch, "out.jsonl");

        Assert.Equal(90, result.Rollouts);
        Assert.Equal(90 * 7, result.PromptTokens);
        Assert.Equal(TraceReader.Read(online.Out).Select(Essence), TraceReader.Read(batch.Out).Select(Essence));
        Assert.Contains(TraceReader.Read(batch.Out), trace => trace.Completion.EndState == EndState.Truncated);
        Assert.Contains(TraceReader.Read(batch.Out), trace => trace.Verdict.Outcome == Outcome.Incorrect);
        Assert.Equal([("batch", "m")], TraceReader.Read(batch.Out).Select(trace => (trace.Completion.Origin.Endpoint, trace.Completion.Origin.Model)).Distinct());
    }

    [Theory]
    [InlineData(EngineDialect.OpenAI, "/v1/chat/completions", "max_completion_tokens", false)]
    [InlineData(EngineDialect.Vllm, "/v1/chat/completions", "max_tokens", true)]
    [InlineData(EngineDialect.Azure, "/chat/completions", "max_tokens", false)]
    public async Task RequestsAreWrittenAsTheServiceReadsThem(EngineDialect dialect, string url, string limit, bool topK)
    {
        await Emit(Options("run", 2, samples: 1) with { BatchDialect = dialect, TopK = 20, MaxTokens = 77, Temperature = 0.5 });
        JsonElement request = BatchService.Requests(_folder["batch.jsonl"])[1], body = request.GetProperty("body");
        Assert.Equal(("POST", url), (request.GetProperty("method").GetString(), request.GetProperty("url").GetString()));
        Assert.Equal(("m", 77, 0.5, 0.95), (body.GetProperty("model").GetString(), body.GetProperty(limit).GetInt32(), body.GetProperty("temperature").GetDouble(), body.GetProperty("top_p").GetDouble()));
        Assert.Equal("Compute 1+1.", body.GetProperty("messages")[0].GetProperty("content").GetString());
        Assert.Equal(topK, body.TryGetProperty("top_k", out _));
        Assert.False(body.TryGetProperty("stream", out _) || body.TryGetProperty("stream_options", out _) || body.TryGetProperty("stop", out _));
        Assert.Matches("^[0-9a-f]{24}$", request.GetProperty("custom_id").GetString());
    }

    [Fact]
    public async Task FilesAreSplitByRequestsAndBytesAndNeverReplaced()
    {
        TeacherGenOptions options = Options("run", 25, samples: 1) with { BatchRequests = 10 };
        StagePausedException written = await Emit(options);
        Assert.Equal([10, 10, 5], new[] { "batch.jsonl", "batch-2.jsonl", "batch-3.jsonl" }.Select(file => File.ReadLines(_folder[file]).Count()));
        Assert.Contains("wrote 25 requests", written.Lines[0], StringComparison.Ordinal);
        Assert.Equal(25, BatchService.Requests(_folder["batch.jsonl"], _folder["batch-2.jsonl"], _folder["batch-3.jsonl"]).Select(request => request.GetProperty("custom_id").GetString()).Distinct().Count());
        InputException again = await Assert.ThrowsAsync<InputException>(() => Run(options with { EmitBatch = _folder["batch.jsonl"] }));
        Assert.Contains("is there already", again.Message, StringComparison.Ordinal);

        string longPrompts = _folder["long.jsonl"];
        File.WriteAllLines(longPrompts, Enumerable.Range(0, 5).Select(i => JsonSerializer.Serialize(new { id = $"q{i}", prompt = $"{i} " + new string('x', 400_000), answer = "1" })));
        await Emit(Options("large", 1, 1) with { Prompts = longPrompts, BatchMegabytes = 1, EmitBatch = _folder["large.jsonl"] });
        Assert.Equal([2, 2, 1], new[] { "large.jsonl", "large-2.jsonl", "large-3.jsonl" }.Select(file => File.ReadLines(_folder[file]).Count()));
        Assert.True(new FileInfo(_folder["large.jsonl"]).Length <= 1_000_000);
    }

    [Fact]
    public async Task HalfOfTheFilesThenTheRestInAnyOrderAndTheSameAgain()
    {
        TeacherGenOptions options = Options("run", 40, samples: 1), whole = Options("whole", 40, samples: 1);
        await Emit(options);
        string[] lines = [.. BatchService.Requests(_folder["batch.jsonl"]).Select(request => BatchService.Completed(request))];
        Answer("all.jsonl", lines);
        await Ingest(whole, "all.jsonl");

        Answer("first.jsonl", lines[25..]);
        StagePausedException half = await Assert.ThrowsAsync<StagePausedException>(() => Ingest(options, "first.jsonl"));
        Assert.Contains("25 of 40 rollouts are missing", half.Lines[^1], StringComparison.Ordinal);
        Assert.Equal((4, ("emit_batch", "REST.jsonl")), (half.ExitCode, half.Instead));
        Answer("cut.jsonl", lines[..10]);
        File.AppendAllText(_folder["cut.jsonl"], lines[10][..^20]); // a download that broke off
        StagePausedException cut = await Assert.ThrowsAsync<StagePausedException>(() => Ingest(options, "cut.jsonl", "first.jsonl"));
        Assert.Contains("read 26 lines of 2 files: 10 completions stored, 0 refused for good, 0 failed for the moment, 15 stored before, 0 duplicates, 0 unknown, 1 broken", cut.Lines[0], StringComparison.Ordinal);
        Assert.Contains(cut.Lines, line => line.Contains("cut.jsonl:11", StringComparison.Ordinal));

        TeacherGenResult result = await Ingest(options, "all.jsonl");
        Assert.Equal((40, 0L), (result.Rollouts, result.WastedTokens));
        Assert.Equal(Traces("whole"), Traces("run"));
    }

    [Fact]
    public async Task WhatFailedForTheMomentIsEmittedAgainAndWhatIsRefusedIsStored()
    {
        TeacherGenOptions options = Options("run", 20, samples: 1);
        await Emit(options);
        List<JsonElement> requests = BatchService.Requests(_folder["batch.jsonl"]);
        Answer("out.jsonl", [
            BatchService.Refused(requests[0], 400, "This model's maximum context length is 10 tokens"),
            BatchService.Refused(requests[1], 429, "Rate limit reached"),
            BatchService.Refused(requests[2], 500, "engine died"),
            BatchService.Completed(requests[3], change: body => body["usage"] = null), // cannot be told to be whole
            BatchService.Completed(requests[4], change: body => body["choices"]![0]!["finish_reason"] = "abort"),
            BatchService.Completed(requests[5], change: body => body["choices"]![0]!["message"]!["content"] = "broken \uFFFD text \\boxed{1}"),
            BatchService.Completed(requests[6], change: body => body.Remove("choices")),
            .. requests[8..].Select(request => BatchService.Completed(request))]);
        Answer("errors.jsonl", [BatchService.Expired(requests[7])]);
        StagePausedException pause = await Assert.ThrowsAsync<StagePausedException>(() => Ingest(options, "out.jsonl", "errors.jsonl"));
        Assert.Contains("12 completions stored, 2 refused for good, 6 failed for the moment", pause.Lines[0], StringComparison.Ordinal);
        foreach (string reason in new[] { "overloaded 1", "server_error 1", "no_usage 1", "aborted 1", "batch_expired 1" })
            Assert.Contains(pause.Lines, line => line.Contains(reason, StringComparison.Ordinal));

        StagePausedException again = await Emit(options with { EmitBatch = _folder["rest.jsonl"] });
        Assert.Contains("wrote 6 requests", again.Lines[0], StringComparison.Ordinal);
        List<JsonElement> rest = BatchService.Requests(_folder["rest.jsonl"]);
        Assert.Equal(new[] { 1, 2, 3, 4, 6, 7 }.Select(i => requests[i].GetRawText()), rest.Select(request => request.GetRawText()));
        Answer("rest-out.jsonl", [.. rest.Select(request => BatchService.Completed(request))]);
        TeacherGenResult result = await Ingest(options, "rest-out.jsonl");
        Assert.Equal((20, 2), (result.Rollouts, result.Failed));
        Assert.Equal(["context_exceeded", "broken_text"], TraceReader.Read(options.Out).Where(trace => trace.Completion.EndState == EndState.Failed).Select(trace => trace.Verdict.Reason));
        Assert.True(result.WastedTokens > 0); // the aborted one was paid for
    }

    [Fact]
    public async Task WhatWasPaidForTwiceIsCountedOnceHoweverOftenItIsRead()
    {
        TeacherGenOptions options = Options("run", 10, samples: 1) with { PromptPrice = 1, CompletionPrice = 1 };
        await Emit(options);
        List<JsonElement> requests = BatchService.Requests(_folder["batch.jsonl"]);
        Answer("out.jsonl", [.. requests.Take(9).Select(request => BatchService.Completed(request))]);
        Answer("twice.jsonl", [.. requests.Take(2).Select(request => BatchService.Completed(request, change: body => body["choices"]![0]!["message"]!["reasoning_content"] = "another thought"))]);
        await Assert.ThrowsAsync<StagePausedException>(() => Ingest(options, "out.jsonl"));
        for (int round = 0; round < 2; round++)
        {
            StagePausedException pause = await Assert.ThrowsAsync<StagePausedException>(() => Ingest(options, "twice.jsonl", "out.jsonl"));
            Assert.Contains("9 stored before, 2 duplicates", pause.Lines[0], StringComparison.Ordinal);
            Assert.Contains(pause.Lines, line => line.Contains("twice.jsonl:1", StringComparison.Ordinal));
        }
        Answer("last.jsonl", [BatchService.Completed(requests[9]), """{"custom_id":"ffffffffffffffffffffffff","response":{"status_code":200,"body":{}}}""", """{"custom_id":"mine","error":{"code":"x"}}"""]);
        TeacherGenResult result = await Ingest(options, "last.jsonl");
        Assert.Equal((10, 2L * 24), (result.Rollouts, result.WastedTokens));
        Assert.Contains(result.Notes, note => note.Contains("2 unknown", StringComparison.Ordinal));
        Assert.Contains(result.Notes, note => note.Contains("mine in ", StringComparison.Ordinal));
        Assert.Equal(Math.Round((result.PromptTokens + result.CompletionTokens + result.WastedTokens + 14) / 1e6, 4), result.Cost);
        Assert.DoesNotContain(TraceReader.Read(options.Out), trace => trace.Completion.Reasoning == "another thought");
    }

    [Fact]
    public async Task AnotherConfigurationIsRefused()
    {
        TeacherGenOptions options = Options("run", 10, samples: 1);
        await Emit(options);
        Answer("out.jsonl", [.. BatchService.Requests(_folder["batch.jsonl"]).Select(request => BatchService.Completed(request))]);
        InputException e = await Assert.ThrowsAsync<InputException>(() => Ingest(options with { Seed = 3 }, "out.jsonl"));
        Assert.Contains("holds a run with other settings: seed was 17, now 3", e.Message, StringComparison.Ordinal);
        e = await Assert.ThrowsAsync<InputException>(() => Ingest(options with { Seed = 3, Out = _folder["other"] }, "out.jsonl"));
        Assert.Contains("none of the 10 lines is a rollout of this run", e.Message, StringComparison.Ordinal);
        e = await Assert.ThrowsAsync<InputException>(() => Ingest(options, "missing.jsonl"));
        Assert.Contains("no such file", e.Message, StringComparison.Ordinal);
        Answer("models.jsonl", [.. BatchService.Requests(_folder["batch.jsonl"]).Select((request, i) => BatchService.Completed(request, i < 5 ? "m" : "another"))]);
        e = await Assert.ThrowsAsync<InputException>(() => Ingest(options, "models.jsonl"));
        Assert.Contains("models.jsonl:6: the batch's model changed from `m` to `another`", e.Message, StringComparison.Ordinal);
        Assert.Equal(10, (await Ingest(options, "out.jsonl")).Rollouts); // five of them were stored before
    }

    [Fact]
    public async Task WhereEveryRequestIsRefusedNoRolloutIsLostToIt()
    {
        TeacherGenOptions options = Options("run", 10, samples: 1);
        await Emit(options);
        List<JsonElement> requests = BatchService.Requests(_folder["batch.jsonl"]);
        Answer("out.jsonl", [.. requests.Select(request => BatchService.Refused(request, 400, "Unsupported parameter: seed"))]);
        InputException e = await Assert.ThrowsAsync<InputException>(() => Ingest(options, "out.jsonl"));
        Assert.Contains("Unsupported parameter: seed (so ended each of the 10 requests)", e.Message, StringComparison.Ordinal);
        Answer("better.jsonl", [.. requests.Select(request => BatchService.Completed(request))]);
        Assert.Equal((10, 0), ((await Ingest(options, "better.jsonl")).Rollouts, (await Ingest(options, "better.jsonl")).Failed));
    }

    [Fact]
    public async Task TheBudgetHoldsForBatchesToo()
    {
        TeacherGenOptions options = Options("run", 10, samples: 1) with { MaxTokens = 100, MaxCost = 0.00035, PromptPrice = 0, CompletionPrice = 1 };
        StagePausedException pause = await Emit(options);
        Assert.Contains("wrote 3 requests", pause.Lines[0], StringComparison.Ordinal);
        Assert.Contains(pause.Lines, line => line.Contains("7 more are left out", StringComparison.Ordinal));
        InputException e = await Assert.ThrowsAsync<InputException>(() => Run(options with { MaxCost = 0.00005, EmitBatch = _folder["b.jsonl"] }));
        Assert.Contains("does not allow another request", e.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder["b.jsonl"]));
    }

    public static TheoryData<string, TeacherGenOptions> BadOptions => new()
    {
        { "needs the name of a model", new() { EmitBatch = "b.jsonl" } },
        { "cannot be given together", new() { EmitBatch = "b.jsonl", IngestBatch = ["o.jsonl"], Model = "m" } },
        { "--pilot and --ingest-batch", new() { Pilot = 5, IngestBatch = ["o.jsonl"], Model = "m" } },
        { "--on-truncation escalate", new() { EmitBatch = "b.jsonl", Model = "m", OnTruncation = TruncationPolicy.Escalate } },
        { "takes no batch files", new() { EmitBatch = "b.jsonl", Model = "m", BatchDialect = EngineDialect.Ollama } },
        { "--pilot 1", new() { Pilot = 1 } },
    };

    [Theory]
    [MemberData(nameof(BadOptions))]
    public async Task RefusesOptionsThatMakeNoSense(string message, TeacherGenOptions options)
    {
        TeacherGenOptions complete = options with { Prompts = Options("run", 3, 1).Prompts, Out = _folder["run"] };
        InputException e = await Assert.ThrowsAsync<InputException>(() => Run(complete));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["run"]));
    }

    private static object Essence(Trace trace) => (trace.Id, trace.Prompt.Id, trace.SampleIndex, trace.Teacher, trace.Sampling, trace.Completion.RawText, trace.Completion.Reasoning, trace.Completion.Answer,
        trace.Completion.ReasoningUnclosed, trace.Completion.FinishReason, trace.Completion.EndState, trace.Completion.PromptTokens, trace.Completion.CompletionTokens, trace.Verdict);

    private async Task<StagePausedException> Emit(TeacherGenOptions options) =>
        await Assert.ThrowsAsync<StagePausedException>(() => Run(options with { EmitBatch = options.EmitBatch ?? _folder["batch.jsonl"] }));

    private Task<TeacherGenResult> Ingest(TeacherGenOptions options, params string[] files) => Run(options with { IngestBatch = [.. files.Select(file => _folder[file])] });

    private static Task<TeacherGenResult> Run(TeacherGenOptions options) =>
        new TraceGeneration(Teachers.Open, TimeProvider.System, rowsPerPart: 100).GenerateAsync(options, new Progress<ProgressEvent>(), CancellationToken.None);

    private void Answer(string file, string[] lines) => File.WriteAllText(_folder[file], string.Concat(lines.Select(line => line + "\n")));

    private string[] Traces(string run) => [.. Directory.GetFiles(_folder[run + "/traces"], "*.parquet").Order(StringComparer.Ordinal).Select(Fingerprint.OfFile)];

    private TeacherGenOptions Options(string name, int prompts, int samples)
    {
        string path = _folder[$"prompts-{prompts}.jsonl"];
        File.WriteAllLines(path, Enumerable.Range(0, prompts).Select(i => JsonSerializer.Serialize(new { id = $"p{i}", prompt = $"Compute 1+{i}.", answer = $"{i + 1}" })));
        return new() { Prompts = path, Model = "m", Samples = samples, MaxTokens = 100, Out = _folder[name] };
    }
}
