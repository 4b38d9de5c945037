using Distill.Runs;
using Distill.Teacher;
using Distill.Traces;
using Xunit;

namespace Distill.Tests.Teacher;

/// <summary>teacher-gen with a mixture-of-experts model computed in this process.</summary>
public sealed class LocalModelTeacherTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task ARunCutInTheMiddleOfABatchGivesTheSameBytes()
    {
        TinyModels.DeepSeekV3(_folder["model"]);
        File.WriteAllLines(_folder["p.jsonl"], Enumerable.Range(0, 7).Select(i => $$"""{"prompt":"Compute {{i * i * i}}+{{i}}.","answer":"{{(i * i * i) + i}}"}"""));
        TeacherGenResult whole = await Run("whole");
        await Run("cut");
        byte[] journal = await File.ReadAllBytesAsync(_folder["cut/.ledger/000000.wal"]);
        string expected = Fingerprint.OfFile(_folder["whole/traces/part-00000.parquet"]);
        Assert.Equal(expected, Fingerprint.OfFile(_folder["cut/traces/part-00000.parquet"]));

        int head = 16 + BitConverter.ToInt32(journal, 8);
        foreach (double share in new[] { 0.0, 0.2, 0.5, 0.9 })
        {
            await File.WriteAllBytesAsync(_folder["cut/.ledger/000000.wal"], journal[..(head + (int)((journal.Length - head) * share))]);
            File.Delete(_folder["cut/traces/part-00000.parquet"]);
            TeacherGenResult resumed = await Run("cut");
            Assert.Equal(expected, Fingerprint.OfFile(_folder["cut/traces/part-00000.parquet"]));
            Assert.Equal(whole.CompletionTokens, resumed.CompletionTokens);
        }

        Trace[] traces = [.. TraceReader.Read(_folder["whole"])];
        Assert.Equal(14, traces.Select(trace => trace.Id).Distinct().Count());
        Assert.All(traces, trace => Assert.StartsWith("model@", trace.Teacher, StringComparison.Ordinal));
        Assert.All(traces, trace => Assert.InRange(trace.Completion.CompletionTokens, 1, 12));
        Assert.True(traces.Select(trace => trace.Completion.RawText).Distinct().Count() > 7); // samples of one prompt differ
    }

    [Fact]
    public async Task OtherWeightsUnderTheSameNameAreAnotherTeacher()
    {
        TinyModels.DeepSeekV3(_folder["model"]);
        File.WriteAllText(_folder["p.jsonl"], """{"prompt":"Compute 1+1.","answer":"2"}""");
        await Run("run");
        TinyModels.DeepSeekV3(_folder["model"], seed: 2);
        var e = await Assert.ThrowsAsync<InputException>(() => Run("run"));
        Assert.Contains("teacher was model@", e.Message, StringComparison.Ordinal);
    }

    private Task<TeacherGenResult> Run(string name) => TraceGeneration.RunAsync(new TeacherGenOptions
    {
        Prompts = _folder["p.jsonl"],
        Teacher = _folder["model"],
        Samples = 2,
        MaxTokens = 12,
        BatchSize = 4,
        Temperature = 1,
        Out = _folder[name],
    }, new Progress<ProgressEvent>(), CancellationToken.None);
}
