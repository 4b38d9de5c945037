using System.Text.Json;
using Distill.Inference;
using Distill.Runs;
using Distill.Teacher;
using Distill.Teacher.Pilot;
using Xunit;

namespace Distill.Tests.Teacher;

public sealed class PilotTests : IDisposable
{
    private readonly TemporaryFolder _folder = new(inMemory: true);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(null, 20, 60)]
    [InlineData(16, 20, 64)] // whole groups of the full run
    [InlineData(50, 4, 150)] // at least three of them
    public async Task WhatThePilotPaidForTheWholeRunTakesOver(int? batchSize, int prompts, int asked)
    {
        TeacherGenOptions options = Options("piloted", 100, samples: 3), whole = Options("whole", 100, samples: 3);
        await Run(whole, new ScriptedTeacher(batchSize));
        var pilot = new ScriptedTeacher(batchSize);
        await PilotAsync(options with { Pilot = prompts }, pilot);
        Assert.Equal(asked, pilot.Asked.Count);
        Assert.False(File.Exists(Path.Combine(options.Out, RunManifest.FileName)));

        var again = new ScriptedTeacher(batchSize);
        await PilotAsync(options with { Pilot = prompts }, again);
        Assert.Empty(again.Asked);

        var rest = new ScriptedTeacher(batchSize);
        TeacherGenResult result = await Run(options, rest);
        Assert.Equal((300, 300 - asked), (result.Rollouts, rest.Asked.Count));
        Assert.Equal(Traces("whole"), Traces("piloted"));
    }

    [Fact]
    public async Task ThePromptsAreDrawnAtRandomAndALargerPilotHoldsTheSmaller()
    {
        var first = new ScriptedTeacher();
        await PilotAsync(Options("a", 200, samples: 2) with { Pilot = 30 }, first);
        string[] prompts = [.. first.Asked.Select(request => request.Messages[^1].Content).Distinct()];
        Assert.Equal(30, prompts.Length);
        Assert.InRange(prompts.Average(prompt => int.Parse(prompt["Compute 1+".Length..].TrimEnd('.'))), 70, 130); // of 0 to 199, not from the front
        var larger = new ScriptedTeacher();
        await PilotAsync(Options("a", 200, samples: 2) with { Pilot = 50 }, larger);
        Assert.Equal(40, larger.Asked.Count);
        var other = new ScriptedTeacher();
        await PilotAsync(Options("b", 200, samples: 2) with { Pilot = 30, Seed = 18 }, other);
        Assert.NotEqual(prompts, other.Asked.Select(request => request.Messages[^1].Content).Distinct());
    }

    [Fact]
    public async Task AClientsShareIsPilotedByItself()
    {
        var teacher = new ScriptedTeacher();
        StagePausedException pause = await PilotAsync(Options("share", 100, samples: 2) with { Pilot = 10, Shard = "2/4" }, teacher);
        Assert.Equal(20, teacher.Asked.Count);
        Assert.Contains(pause.Lines, line => line.Contains("rollouts, ", StringComparison.Ordinal) && line.EndsWith(" left", StringComparison.Ordinal));
    }

    // The truth is known from the whole run: each interval of 95 % must hold in nearly every round.
    [Fact]
    public async Task TheForecastHoldsForTheWholeRun()
    {
        const int rounds = 12;
        int tokens = 0, hours = 0, accepted = 0, dollars = 0, share = 0, mean = 0;
        for (int round = 0; round < rounds; round++)
        {
            TeacherGenOptions options = Options($"run{round}", 400, samples: 2) with { Seed = round, MaxTokens = 2000, PromptPrice = 1, CompletionPrice = 2, HourPrice = 3 };
            var time = new ManualTime();
            await PilotAsync(options with { Pilot = 40 }, new SimulatedTeacher(time, streams: 8, tokensPerSecond: 20), time);
            JsonElement report = JsonDocument.Parse(File.ReadAllText(Path.Combine(options.Out, PilotReport.FileName))).RootElement, run = report.GetProperty("whole_run");
            var rest = new SimulatedTeacher(time, streams: 8, tokensPerSecond: 20);
            double before = time.GetElapsedTime(0).TotalHours;
            TeacherGenResult result = await Run(options, rest, time);
            Assert.Equal(720, rest.Asked);
            tokens += Covers(run.GetProperty("completion_tokens"), result.CompletionTokens);
            hours += Covers(run.GetProperty("hours_left"), time.GetElapsedTime(0).TotalHours - before);
            accepted += Covers(run.GetProperty("accepted"), result.Correct);
            dollars += Covers(run.GetProperty("dollars"), result.Cost);
            share += Covers(report.GetProperty("accepted"), result.Accepted);
            mean += Covers(report.GetProperty("mean_tokens"), (double)result.CompletionTokens / result.Rollouts);
            Assert.Equal((8, 8), (report.GetProperty("pace").GetProperty("under_way").GetInt32(), report.GetProperty("pace").GetProperty("under_way_later").GetInt32()));
            Assert.Equal(20, report.GetProperty("pace").GetProperty("stream_tokens_per_second").GetProperty("value").GetDouble(), 0.01);
        }
        Assert.All(new[] { tokens, hours, accepted, dollars, share, mean }, held => Assert.InRange(held, rounds - 2, rounds));
    }

    [Fact]
    public async Task NothingSeenIsAnIntervalNotZero()
    {
        var time = new ManualTime();
        StagePausedException pause = await PilotAsync(Options("run", 300, samples: 1) with { Pilot = 20 }, new SimulatedTeacher(time, 4, 20), time);
        string truncated = Assert.Single(pause.Lines, line => line.StartsWith("  truncated", StringComparison.Ordinal));
        Assert.EndsWith("0.0 % (0.0 % to 16.1 %)", truncated, StringComparison.Ordinal); // Wilson: 3.84 / 23.84
        Assert.Contains(pause.Lines, line => line.Contains("no prices given", StringComparison.Ordinal));
        Assert.Equal("pilot", pause.Option);
        Assert.Equal(0, pause.ExitCode);

        await PilotAsync(Options("unverified", 300, samples: 1) with { Pilot = 20, Verify = ["none"] }, new SimulatedTeacher(time, 4, 20), time);
        JsonElement report = JsonDocument.Parse(File.ReadAllText(Path.Combine(_folder["unverified"], PilotReport.FileName))).RootElement;
        Assert.Equal(JsonValueKind.Null, report.GetProperty("accepted").ValueKind);
    }

    [Fact]
    public async Task APilotOfEveryPromptLeavesNothing()
    {
        StagePausedException pause = await PilotAsync(Options("run", 6, samples: 2) with { Pilot = 50 }, new ScriptedTeacher());
        Assert.Contains("whole run: 12 rollouts, 0 left", pause.Lines);
    }

    private static int Covers(JsonElement estimate, double truth) => estimate.GetProperty("low").GetDouble() <= truth && truth <= estimate.GetProperty("high").GetDouble() ? 1 : 0;

    private static async Task<StagePausedException> PilotAsync(TeacherGenOptions options, ICompletionSource teacher, TimeProvider? time = null) =>
        await Assert.ThrowsAsync<StagePausedException>(() => Run(options, teacher, time));

    private static Task<TeacherGenResult> Run(TeacherGenOptions options, ICompletionSource teacher, TimeProvider? time = null) =>
        new TraceGeneration((_, _) => teacher, time ?? TimeProvider.System, rowsPerPart: 100).GenerateAsync(options, new Progress<ProgressEvent>(), CancellationToken.None);

    private string[] Traces(string run) => [.. Directory.GetFiles(_folder[run + "/traces"], "*.parquet").Order(StringComparer.Ordinal).Select(Fingerprint.OfFile)];

    private TeacherGenOptions Options(string name, int prompts, int samples)
    {
        string path = _folder[$"prompts-{prompts}.jsonl"];
        File.WriteAllLines(path, Enumerable.Range(0, prompts).Select(i => JsonSerializer.Serialize(new { id = $"p{i}", prompt = $"Compute 1+{i}.", answer = $"{i + 1}" })));
        return new() { Prompts = path, Samples = samples, Out = _folder[name] };
    }
}
