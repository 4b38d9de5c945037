using System.Text.Json;
using Distill.Chat;
using Distill.Prompts;
using Distill.Runs;
using Distill.Teacher;
using Distill.Traces;
using Xunit;

namespace Distill.Tests.Teacher;

/// <summary>Exactly once: over crashes, several clients, other settings, other runs.</summary>
public sealed class RolloutLedgerTests : IDisposable
{
    private const int RowsPerPart = 8;
    private const int SegmentBytes = 1500;

    private readonly TemporaryFolder _folder = new(inMemory: true);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task AtTwoHundredAndFortyRandomMomentsOfDeathNothingIsLostOrRepeated()
    {
        TeacherGenOptions options = Options("run", prompts: 20, samples: 2);
        await Run(options, new ScriptedTeacher(), rowsPerPart: 20);
        SortedDictionary<string, string> expected = Parts("run");
        string[] segments = [.. Directory.GetFiles(_folder["run/.ledger"], "*.wal").Order()];
        Assert.True(segments.Length >= 4, $"{segments.Length} segments");
        byte[][] bytes = [.. segments.Select(File.ReadAllBytes)];
        byte[][] indexes = [.. segments[..^1].Select(segment => File.ReadAllBytes(SegmentIndex.PathOf(segment)))];
        int head = 16 + BitConverter.ToInt32(bytes[0], 8); // the settings are there before any part is
        var random = new RandomStream(3);
        for (int moment = 0; moment < 240; moment++)
        {
            // What death leaves: whole segments, one cut at any byte, perhaps its index (or half of it), and any of the parts.
            int cut = random.Next(0, segments.Length - 1);
            for (int i = 0; i < segments.Length; i++)
            {
                string index = SegmentIndex.PathOf(segments[i]);
                File.Delete(segments[i]);
                File.Delete(index);
                if (i > cut) continue;
                File.WriteAllBytes(segments[i], i < cut ? bytes[i] : bytes[i][..random.Next(i == 0 ? head : 0, bytes[i].Length)]);
                if (i < cut && random.Next(0, 3) > 0) File.WriteAllBytes(index, indexes[i]);
                else if (i < indexes.Length && random.Next(0, 3) == 0) File.WriteAllBytes(index + ".partial", indexes[i][..(indexes[i].Length / 2)]);
            }
            foreach (string part in Directory.GetFiles(_folder["run/traces"]))
            {
                if (random.Next(0, 3) == 0) File.Delete(part);
                else if (random.Next(0, 5) == 0) File.WriteAllText(part + ".partial", "half");
            }
            var teacher = new ScriptedTeacher();
            TeacherGenResult result = await Run(options, teacher, rowsPerPart: 20);
            Assert.Equal(expected, Parts("run"));
            Assert.Equal(40, result.Rollouts);
            Assert.Equal(40, result.EndStates.Values.Sum());
            Assert.Equal(teacher.Asked.Count, teacher.Asked.Select(one => one.Id).Distinct().Count());
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData(6)]
    public async Task TheFilesOfAllSharesAreThoseOfOneRun(int? batchSize)
    {
        TeacherGenOptions whole = Options("whole", prompts: 30, samples: 2);
        await Run(whole, new ScriptedTeacher(batchSize));
        var together = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var asked = new List<string>();
        for (int share = 1; share <= 3; share++)
        {
            var teacher = new ScriptedTeacher(batchSize);
            TeacherGenResult result = await Run(whole with { Out = _folder[$"share{share}"], Shard = $"{share}/3" }, teacher);
            Assert.InRange(result.Rollouts, 12, 24);
            asked.AddRange(teacher.Asked.Select(one => one.Id));
            foreach (KeyValuePair<string, string> part in Parts($"share{share}")) together.Add(part.Key, part.Value);
        }
        Assert.Equal(Parts("whole"), together);
        if (batchSize is null) Assert.Equal(60, asked.Distinct().Count());
        if (batchSize is null) Assert.Equal(60, asked.Count);
    }

    [Fact]
    public async Task FewRolloutsAreSharedToo()
    {
        TeacherGenOptions options = Options("run", prompts: 5, samples: 1);
        int[] rows = [.. await Task.WhenAll(Enumerable.Range(1, 5).Select(async share =>
            (await Run(options with { Out = _folder[$"s{share}"], Shard = $"{share}/5" }, new ScriptedTeacher())).Rollouts))];
        Assert.Equal([1, 1, 1, 1, 1], rows);
    }

    [Theory]
    [InlineData("0/2")]
    [InlineData("3/2")]
    [InlineData("1")]
    [InlineData("a/b")]
    public async Task RefusesAShareThatIsNone(string shard) =>
        Assert.Contains("is not a share", (await Assert.ThrowsAsync<InputException>(() => Run(Options("run", 3, 1) with { Shard = shard }, new ScriptedTeacher()))).Message, StringComparison.Ordinal);

    [Fact]
    public async Task AForkKeepsWhatTheNewSettingsShareAndSetsTheOldLedgerAside()
    {
        TeacherGenOptions options = Options("run", prompts: 10, samples: 2);
        await Run(options, new ScriptedTeacher());
        int complete = TraceReader.Read(options.Out).Count(trace => trace.Completion.EndState == EndState.Complete);
        TeacherGenOptions more = options with { Samples = 4 };
        Assert.Contains("--fork", (await Assert.ThrowsAsync<InputException>(() => Run(more, new ScriptedTeacher()))).Hint, StringComparison.Ordinal);

        var teacher = new ScriptedTeacher();
        TeacherGenResult result = await Run(more with { Fork = true }, teacher);
        Assert.Equal((40, complete, 40 - complete), (result.Rollouts, result.Reused, teacher.Asked.Count));
        Assert.Equal(40, TraceReader.Read(options.Out).Select(trace => trace.Id).Distinct().Count());
        Assert.True(Directory.Exists(_folder["run/.ledger-before-1"]));

        await Run(Options("straight", prompts: 10, samples: 4), new ScriptedTeacher());
        Assert.Equal(Texts("straight"), Texts("run"));
        Assert.Empty((await Asked(more with { Fork = true })).Asked); // the same settings again: nothing to do
    }

    [Fact]
    public async Task ACacheSparesOtherRunsTheSameRequests()
    {
        TeacherGenOptions first = Options("first", prompts: 10, samples: 2) with { Cache = _folder["cache"] };
        await Run(first, new ScriptedTeacher());
        int complete = TraceReader.Read(first.Out).Count(trace => trace.Completion.EndState == EndState.Complete);

        // other ids, another order, more prompts: still the same requests
        File.WriteAllLines(_folder["other.jsonl"], Enumerable.Range(0, 12).Reverse().Select(i => JsonSerializer.Serialize(new { id = $"other-{i}", question = $"Compute 1+{i}.", answer = $"{i + 1}" })));
        TeacherGenOptions second = first with { Out = _folder["second"], Prompts = _folder["other.jsonl"] };
        ScriptedTeacher teacher = await Asked(second);
        Assert.Equal(24 - complete, teacher.Asked.Count);
        Trace[] traces = [.. TraceReader.Read(second.Out)];
        Assert.Equal(24, traces.Select(trace => trace.Id).Distinct().Count());
        Assert.Equal(complete, traces.Count(trace => trace.Completion.Origin.Attempts == 0));

        Assert.Equal(24, (await Asked(second with { Out = _folder["third"], Temperature = 0.9 })).Asked.Count); // another request
        Directory.Delete(first.Out, recursive: true);
        Directory.Delete(second.Out, recursive: true);
        Assert.Equal(20, (await Asked(first with { Out = _folder["fourth"], Prompts = first.Prompts })).Asked.Count); // its runs are gone
    }

    [Fact]
    public async Task BadRowsStopTheRunOrAreCounted()
    {
        TeacherGenOptions options = Options("run", prompts: 4, samples: 1);
        await File.AppendAllTextAsync(options.Prompts, "{\"question\": \n{\"answer\":\"5\"}\n" + """{"prompt":"Compute 1+9.","answer":"10"}""" + "\n");
        var e = await Assert.ThrowsAsync<InputException>(() => Run(options, new ScriptedTeacher()));
        Assert.Contains("prompts-4.jsonl:5", e.Message, StringComparison.Ordinal);
        Assert.Contains("--on-bad-row skip", e.Hint, StringComparison.Ordinal);
        TeacherGenResult result = await Run(options with { OnBadRow = BadRowPolicy.Skip }, new ScriptedTeacher());
        Assert.Equal((5, 2), (result.Rollouts, result.BadRows));
        Assert.Contains(result.Notes, note => note.StartsWith("2 rows could not be read", StringComparison.Ordinal) && note.Contains(":5", StringComparison.Ordinal));
    }

    [Fact]
    public async Task ARunWhoseTracesAreMostlyCutStops()
    {
        TeacherGenOptions options = Options("run", prompts: 300, samples: 1) with { MaxTruncated = 0.05 };
        var e = await Assert.ThrowsAsync<InputException>(() => Run(options, new ScriptedTeacher()));
        Assert.Contains("were cut off by --max-tokens", e.Message, StringComparison.Ordinal);
        Assert.Equal(300, (await Run(options with { MaxTruncated = 1 }, new ScriptedTeacher())).Rollouts);
    }

    private static async Task<ScriptedTeacher> Asked(TeacherGenOptions options)
    {
        var teacher = new ScriptedTeacher();
        await Run(options, teacher);
        return teacher;
    }

    private static Task<TeacherGenResult> Run(TeacherGenOptions options, ScriptedTeacher teacher, int rowsPerPart = RowsPerPart) =>
        new TraceGeneration((_, _) => teacher, TimeProvider.System, rowsPerPart) { Journal = new() { SegmentBytes = SegmentBytes, FlushEveryRecords = 1000 } }
            .GenerateAsync(options, new Progress<ProgressEvent>(), CancellationToken.None);

    private TeacherGenOptions Options(string name, int prompts, int samples)
    {
        string path = _folder[$"prompts-{prompts}.jsonl"];
        File.WriteAllLines(path, Enumerable.Range(0, prompts).Select(i => JsonSerializer.Serialize(new { id = $"p{i}", prompt = $"Compute 1+{i}.", answer = $"{i + 1}" })));
        return new() { Prompts = path, Samples = samples, Out = _folder[name] };
    }

    private List<(string, string)> Texts(string run) => [.. TraceReader.Read(_folder[run]).Select(trace => (trace.Id, trace.Completion.RawText))];

    private SortedDictionary<string, string> Parts(string run) => new(
        Directory.GetFiles(_folder[run + "/traces"], "*.parquet").ToDictionary(file => Path.GetFileName(file), Fingerprint.OfFile), StringComparer.Ordinal);
}
