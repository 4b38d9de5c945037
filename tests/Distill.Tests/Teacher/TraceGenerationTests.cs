using System.Text.Json;
using Distill.Chat;
using Distill.Inference;
using Distill.Runs;
using Distill.Teacher;
using Distill.Traces;
using Distill.Verification;
using Xunit;

namespace Distill.Tests.Teacher;

public sealed class TraceGenerationTests : IDisposable
{
    private const int RowsPerPart = 16;

    private readonly TemporaryFolder _folder = new(inMemory: true);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task StoresEveryRolloutInPlanOrderWithItsVerdict()
    {
        TeacherGenResult result = await Run(Options("run", prompts: 30, samples: 3), new ScriptedTeacher());
        List<Trace> traces = [.. TraceReader.Read(_folder["run"])];

        Assert.Equal(90, traces.Count);
        Assert.Equal(90, traces.Select(trace => trace.Id).Distinct().Count());
        Assert.Equal(90, traces.Select(trace => trace.Sampling.Seed).Distinct().Count());
        Assert.Equal(Enumerable.Range(0, 90).Select(i => ($"p{i / 3}", i % 3)), traces.Select(trace => (trace.Prompt.Id, trace.SampleIndex)));
        Assert.All(traces, trace => Assert.Equal(("scripted", 24, 7), (trace.Teacher, trace.Id.Length, trace.Completion.PromptTokens)));
        foreach (Trace trace in traces)
        {
            Outcome expected = (trace.Sampling.Seed % 10) switch { 0 or 1 => Outcome.Unverifiable, < 7 => Outcome.Correct, _ => Outcome.Incorrect };
            Assert.Equal(expected, trace.Verdict.Outcome);
            if (trace.Sampling.Seed % 10 == 0) Assert.Equal(("context_exceeded", FinishReason.Error), (trace.Verdict.Reason, trace.Completion.FinishReason));
        }
        Assert.Equal(90, result.Rollouts);
        Assert.Equal(traces.Count(trace => trace.Verdict.Outcome == Outcome.Correct), result.Correct);
        Assert.Equal(traces.Count(trace => trace.Verdict.Outcome == Outcome.Incorrect), result.Incorrect);
        Assert.Equal(traces.Count(trace => trace.Verdict.Outcome == Outcome.Unverifiable), result.Unverifiable);
        Assert.Equal(traces.Count(trace => trace.Completion.FinishReason == FinishReason.Length), result.Truncated);
        Assert.Equal(traces.Count(trace => trace.Completion.FinishReason == FinishReason.Error), result.Failed);
        Assert.Equal(traces.Sum(trace => (long)trace.Completion.CompletionTokens), result.CompletionTokens);
        Assert.True(result.Seconds > 0);
        Assert.Equal(Enumerable.Range(0, 6).Select(i => $"part-0000{i}.parquet"), Parts("run").Keys);
    }

    public static TheoryData<int?> BatchSizes => new() { (int?)null, 1, 7, 64 };

    [Theory]
    [MemberData(nameof(BatchSizes))]
    public async Task ARunThatIsKilledAgainAndAgainGivesTheSameBytes(int? batchSize)
    {
        TeacherGenOptions whole = Options("whole", prompts: 40, samples: 3), killed = Options("killed", prompts: 40, samples: 3);
        await Run(whole, new ScriptedTeacher(batchSize));

        var random = new RandomStream(batchSize ?? 0);
        int kills = 0;
        for (bool finished = false; !finished; kills++)
        {
            try
            {
                await Run(killed, new ScriptedTeacher(batchSize, breakAfter: random.Next(0, Math.Max(20, (batchSize ?? 0) + 10))));
                finished = true;
            }
            catch (IOException)
            {
                Tear(killed.Out, random);
            }
            Assert.True(kills < 2000);
        }
        Assert.True(kills >= 2, $"only {kills} kills");
        Assert.Equal(Parts("whole"), Parts("killed"));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(7)]
    public async Task AJournalCutAtAnyByteGivesTheSameBytes(int? batchSize)
    {
        TeacherGenOptions options = Options("run", prompts: 20, samples: 2);
        await Run(options, new ScriptedTeacher(batchSize));
        SortedDictionary<string, string> expected = Parts("run");
        byte[] journal = File.ReadAllBytes(JournalOf("run"));

        int head = 16 + BitConverter.ToInt32(journal, 8); // magic, and the settings, which are there before any part is
        var random = new RandomStream(1);
        for (int round = 0; round < 60; round++)
        {
            // what a crash leaves: the journal up to some byte, and any of the parts that were written by then
            File.WriteAllBytes(JournalOf("run"), journal[..random.Next(head, journal.Length)]);
            foreach (string part in Directory.GetFiles(_folder["run/traces"]))
            {
                if (random.Next(0, 2) == 0) File.Delete(part);
                else if (random.Next(0, 4) == 0) File.WriteAllText(part + ".partial", "half");
            }
            var teacher = new ScriptedTeacher(batchSize);
            TeacherGenResult result = await Run(options, teacher);
            Assert.Equal(expected, Parts("run"));
            Assert.Equal(40, result.Rollouts);
            if (batchSize is null) Assert.Equal(teacher.Asked.Count, teacher.Asked.Select(one => one.Id).Distinct().Count());
        }
    }

    [Fact]
    public async Task AJournalCutInItsFirstRecordStartsAfresh()
    {
        TeacherGenOptions options = Options("run", prompts: 4, samples: 2);
        await Run(options, new ScriptedTeacher());
        SortedDictionary<string, string> expected = Parts("run");
        byte[] journal = File.ReadAllBytes(JournalOf("run"));
        Directory.Delete(_folder["run/traces"], recursive: true);
        for (int length = 0; length < 120; length += 7)
        {
            File.WriteAllBytes(JournalOf("run"), journal[..length]);
            await Run(options, new ScriptedTeacher());
            Assert.Equal(expected, Parts("run"));
            Directory.Delete(_folder["run/traces"], recursive: true);
        }
    }

    [Fact]
    public async Task OnlyWhatIsMissingIsAskedFor()
    {
        TeacherGenOptions options = Options("run", prompts: 20, samples: 2);
        var first = new ScriptedTeacher(breakAfter: 13);
        await Assert.ThrowsAsync<IOException>(() => Run(options, first));
        var second = new ScriptedTeacher();
        await Run(options, second);
        Assert.Equal(40 - 13, second.Asked.Count);

        var third = new ScriptedTeacher();
        SortedDictionary<string, string> before = Parts("run");
        TeacherGenResult result = await Run(options, third);
        Assert.Empty(third.Asked);
        Assert.Equal(40, result.Rollouts);
        Assert.Equal(before, Parts("run"));
    }

    [Fact]
    public async Task WholeGroupsAreAskedForAgainWhereSequencesAreComputedTogether()
    {
        TeacherGenOptions options = Options("run", prompts: 20, samples: 1);
        await Assert.ThrowsAsync<IOException>(() => Run(options, new ScriptedTeacher(batchSize: 8, breakAfter: 13)));
        var second = new ScriptedTeacher(batchSize: 8);
        await Run(options, second);
        Assert.Equal(12, second.Asked.Count); // the first group of 8 is complete; the second and the last of 4 are not
        Assert.All(TraceReader.Read(options.Out), trace => Assert.Equal(0, trace.Seconds));
    }

    [Fact]
    public async Task DamageInTheMiddleOfTheJournalIsToldAndMended()
    {
        TeacherGenOptions options = Options("run", prompts: 20, samples: 2);
        await Run(options, new ScriptedTeacher());
        SortedDictionary<string, string> expected = Parts("run");
        byte[] journal = File.ReadAllBytes(JournalOf("run"));
        journal[journal.Length / 2] ^= 1;
        File.WriteAllBytes(JournalOf("run"), journal);

        var teacher = new ScriptedTeacher();
        TeacherGenResult result = await Run(options, teacher);
        Assert.InRange(teacher.Asked.Count, 10, 30);
        Assert.Contains(result.Notes, note => note.Contains("damaged", StringComparison.Ordinal));
        Assert.Equal(expected, Parts("run"));
    }

    [Fact]
    public async Task RefusesAFolderOfOtherSettingsAndNamesThem()
    {
        TeacherGenOptions options = Options("run", prompts: 5, samples: 1);
        await Run(options, new ScriptedTeacher());
        SortedDictionary<string, string> before = Parts("run");

        var e = await Assert.ThrowsAsync<InputException>(() => Run(options with { Temperature = 0.7, Seed = 18 }, new ScriptedTeacher()));
        Assert.Contains("seed was 17, now 18; temperature was 0.6, now 0.7", e.Message, StringComparison.Ordinal);
        e = await Assert.ThrowsAsync<InputException>(() => Run(options, new ScriptedTeacher { Identity = "another" }));
        Assert.Contains("teacher was scripted, now another", e.Message, StringComparison.Ordinal);
        e = await Assert.ThrowsAsync<InputException>(() => Run(options with { Prompts = WritePrompts(6) }, new ScriptedTeacher()));
        Assert.Contains("prompts was 5 prompts", e.Message, StringComparison.Ordinal);
        Assert.Equal(before, Parts("run"));

        await Run(options with { Concurrency = 3, Device = "cuda" }, new ScriptedTeacher()); // these change nothing
    }

    [Fact]
    public async Task ARunThatFailedBeforeItsFirstRolloutLeavesNoLedger()
    {
        TeacherGenOptions options = Options("run", prompts: 5, samples: 1);
        await Assert.ThrowsAsync<IOException>(() => Run(options, new ScriptedTeacher(breakAfter: 0)));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder["run"]));

        await Assert.ThrowsAsync<IOException>(() => Run(options with { Seed = 18 }, new ScriptedTeacher(breakAfter: 1))); // other settings: nothing is there that they could mix with
        await Assert.ThrowsAsync<InputException>(() => Run(options, new ScriptedTeacher()));
    }

    [Fact]
    public async Task RefusesTracesWhoseJournalIsGone()
    {
        TeacherGenOptions options = Options("run", prompts: 5, samples: 1);
        await Run(options, new ScriptedTeacher());
        File.Delete(JournalOf("run"));
        await Assert.ThrowsAsync<InputException>(() => Run(options, new ScriptedTeacher()));
        Assert.Equal(5, TraceReader.Count(options.Out));
    }

    [Fact]
    public async Task RefusesASecondWriter()
    {
        TeacherGenOptions options = Options("run", prompts: 5, samples: 1);
        await Run(options, new ScriptedTeacher());
        using var held = SegmentedJournal.Open(Path.GetDirectoryName(JournalOf("run"))!);
        var e = await Assert.ThrowsAsync<InputException>(() => Run(options, new ScriptedTeacher()));
        Assert.Contains("another distill process", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PromptsThatRepeatAreLeftOutAndToldAndLimitCounts()
    {
        string path = WritePrompts(4);
        await File.AppendAllTextAsync(path, await File.ReadAllTextAsync(path));
        TeacherGenResult result = await Run(Options("run", 1, 2) with { Prompts = path }, new ScriptedTeacher());
        Assert.Equal((4, 4, 8), (result.Prompts, result.DuplicatePrompts, result.Rollouts));
        Assert.Contains(result.Notes, note => note.StartsWith("4 prompts repeat", StringComparison.Ordinal));

        result = await Run(Options("limited", 10, 2) with { Limit = 3 }, new ScriptedTeacher());
        Assert.Equal(6, result.Rollouts);
    }

    [Fact]
    public async Task RefusesDifferentPromptsOfOneId()
    {
        await File.WriteAllTextAsync(_folder["p.jsonl"], """
            {"id":"same","prompt":"Compute 1+1.","answer":"2"}
            {"id":"same","prompt":"Compute 1+2.","answer":"3"}
            """);
        var e = await Assert.ThrowsAsync<InputException>(() => Run(Options("run", 1, 1) with { Prompts = _folder["p.jsonl"] }, new ScriptedTeacher()));
        Assert.Contains("`same`", e.Message, StringComparison.Ordinal);
    }

    public static TheoryData<string, TeacherGenOptions> BadOptions => new()
    {
        { "--samples 0", new() { Samples = 0 } },
        { "--temperature -1", new() { Temperature = -1 } },
        { "--temperature NaN", new() { Temperature = double.NaN } },
        { "--top-p 0", new() { TopP = 0 } },
        { "--top-k -1", new() { TopK = -1 } },
        { "--max-tokens 0", new() { MaxTokens = 0 } },
        { "--limit 0", new() { Limit = 0 } },
        { "--concurrency 0", new() { Concurrency = 0 } },
        { "--batch-size 0", new() { BatchSize = 0 } },
        { "same completion 4 times", new() { Temperature = 0, Samples = 4 } },
        { "same completion 2 times", new() { Teacher = "worked", Samples = 2 } },
        { "--endpoint needs", new() { Endpoint = ["http://localhost:1"] } },
        { "both name a teacher", new() { Endpoint = ["http://localhost:1"], Model = "m", Teacher = "worked" } },
        { "no --endpoint", new() { Model = "m" } },
    };

    [Theory]
    [MemberData(nameof(BadOptions))]
    public async Task RefusesOptionsThatMakeNoSense(string message, TeacherGenOptions options)
    {
        TeacherGenOptions complete = options with { Prompts = WritePrompts(3), Out = _folder["run"] };
        var e = await Assert.ThrowsAsync<InputException>(() => TraceGeneration.RunAsync(complete, new Progress(), CancellationToken.None));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["run"]));
    }

    [Fact]
    public async Task ReportsProgressUpToTheTotal()
    {
        var progress = new Progress();
        await Run(Options("run", 30, 1), new ScriptedTeacher(), progress);
        Assert.Equal(("teacher-gen", 0L, 30L, "rollouts"), (progress.Events[0].Stage, progress.Events[0].Completed, progress.Events[0].Total, progress.Events[0].Unit));
        Assert.Equal(30, progress.Events[^1].Completed);
        Assert.Matches(@"^accepted \d+\.\d %  \d+(\.\d)?k? tokens/s$", progress.Events[^1].Detail);
    }

    [Fact]
    public async Task ATeacherThatLeavesRolloutsOutIsAnError()
    {
        await Assert.ThrowsAsync<InvalidOperationException>(() => Run(Options("run", 3, 1), new SilentTeacher()));
    }

    private sealed class SilentTeacher : ICompletionSource
    {
        public string Identity => "silent";

        public int? BatchSize => null;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;

        public Task<Completion> StreamAsync(CompletionRequest request, Action<string> onText, CancellationToken cancellation) => throw new NotSupportedException();

        public async IAsyncEnumerable<CompletedRequest> CompleteAsync(IEnumerable<CompletionRequest> requests, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
        {
            await Task.Yield();
            yield break;
        }
    }

    private sealed class Progress : IProgress<ProgressEvent>
    {
        public List<ProgressEvent> Events { get; } = [];

        public void Report(ProgressEvent value) => Events.Add(value);
    }

    private static Task<TeacherGenResult> Run(TeacherGenOptions options, ICompletionSource teacher, IProgress<ProgressEvent>? progress = null) =>
        new TraceGeneration((_, _) => teacher, TimeProvider.System, RowsPerPart).GenerateAsync(options, progress ?? new Progress(), CancellationToken.None);

    private TeacherGenOptions Options(string name, int prompts, int samples) => new() { Prompts = WritePrompts(prompts), Samples = samples, Out = _folder[name] };

    private string WritePrompts(int count)
    {
        string path = _folder[$"prompts-{count}.jsonl"];
        File.WriteAllLines(path, Enumerable.Range(0, count).Select(i => JsonSerializer.Serialize(new { id = $"p{i}", prompt = $"Compute 1+{i}.", answer = $"{i + 1}" })));
        return path;
    }

    private string JournalOf(string run) => Path.Combine(_folder[run], ".ledger", "000000.wal");

    private SortedDictionary<string, string> Parts(string run) => new(
        Directory.GetFiles(_folder[run + "/traces"], "*.parquet").ToDictionary(file => Path.GetFileName(file), Fingerprint.OfFile), StringComparer.Ordinal);

    // What a crash may do on top: take bytes off the end of the journal.
    private static void Tear(string folder, RandomStream random)
    {
        string path = Path.Combine(folder, ".journal");
        using FileStream stream = File.OpenWrite(path);
        long length = Math.Max(600, stream.Length - random.Next(0, 90)); // never into the settings at the head
        if (length < stream.Length) stream.SetLength(length);
    }
}
