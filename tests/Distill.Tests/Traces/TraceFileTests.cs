using Distill.Chat;
using Distill.Prompts;
using Distill.Runs;
using Distill.Traces;
using Distill.Verification;
using Parquet;
using Parquet.Schema;
using Xunit;

namespace Distill.Tests.Traces;

public sealed class TraceFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void EveryFieldOfATraceIsReadBack()
    {
        Trace full = SampleTraces.Make(3, Outcome.Unverifiable, FinishReason.Length, unclosed: true);
        Trace strange = full with
        {
            Id = "2",
            Prompt = full.Prompt with
            {
                Messages = [new Message(MessageRole.System, ""), new Message(MessageRole.User, "größe \u2028\r\n😀 <｜User｜> \0"),
                    new Message(MessageRole.Assistant, "answer", "thought"), new Message(MessageRole.Tool, "{}")],
                ReferenceAnswer = null,
                ReferenceReasoning = null,
            },
            Sampling = new SamplingOptions { Temperature = 0, TopP = 1, Seed = -1 },
            Verdict = new Verdict(Outcome.Incorrect, "no_answer", null, "none/1"),
        };
        Trace empty = full with { Id = "3", Prompt = full.Prompt with { Messages = [] } };
        TraceWriter.WritePart(_folder["t.parquet"], [full, strange, empty]);

        Trace[] read = [.. TraceReader.Read(_folder["t.parquet"])];
        Assert.Equal(3, read.Length);
        AssertSame(full, read[0]);
        AssertSame(strange, read[1]);
        AssertSame(empty, read[2]);
    }

    [Fact]
    public void ManyTracesKeepTheirOrderOverRowGroupsAndParts()
    {
        Trace[] traces = [.. Enumerable.Range(0, 2500).Select(i => SampleTraces.Make(i, reasoning: i % 1000 == 7 ? new string('x', 9 << 20) : null))];
        TraceWriter.WritePart(_folder[TraceWriter.PartName(1)], traces[1500..]);
        TraceWriter.WritePart(_folder[TraceWriter.PartName(0)], traces[..1500]);
        File.WriteAllText(_folder["part-00000.parquet.partial"], "left by a crash");

        Assert.Equal(traces.Select(t => t.Id), TraceReader.Read(_folder.Path).Select(t => t.Id));
        Assert.Equal(2500, TraceReader.Count(_folder.Path));
        using ParquetTable table = ParquetTable.Open(_folder[TraceWriter.PartName(0)]);
        Assert.True(table.RowGroupCount >= 3); // 1,024 rows at most, and less where rows are long
    }

    [Fact]
    public void LogProbabilitiesAreReadBackAndTakeAFewBytesEach()
    {
        const int tokens = 400, width = 20;
        var random = new Random(4);
        Trace[] traces = [.. Enumerable.Range(0, 20).Select(i => SampleTraces.Make(i))];
        for (int i = 0; i < traces.Length; i += 2) // every other one, as when sets are mixed
        {
            int[] top = [.. Enumerable.Range(0, tokens * width).Select(place => place == 7 ? TopLogProbabilities.Missing : random.Next(151_643))];
            Half[] values = [.. top.Select((_, place) => (Half)(-0.001 - (place % width * random.NextDouble())))];
            traces[i] = traces[i] with
            {
                Sampling = traces[i].Sampling with { TopLogProbabilities = width },
                Completion = traces[i].Completion with { TopLogProbabilities = new("vocabulary", width, Enumerable.Range(0, tokens).ToArray(), top, values) },
            };
        }
        TraceWriter.WritePart(_folder["t.parquet"], traces);
        Trace[] read = [.. TraceReader.Read(_folder["t.parquet"])];
        Assert.Equal(traces.Length, read.Length);
        foreach ((Trace expected, Trace actual) in traces.Zip(read)) AssertSame(expected, actual);
        Assert.All(TraceReader.RowGroups(_folder["t.parquet"], rawText: false)[0](), trace => Assert.Null(trace.Completion.TopLogProbabilities));
        double bytesEach = new FileInfo(_folder["t.parquet"]).Length / (10.0 * tokens * width);
        Assert.InRange(bytesEach, 1, 5); // random ids of 17 bits and log-probabilities of 16
    }

    [Fact]
    public async Task ListsOfLogProbabilitiesThatDoNotBelongTogetherAreRefused()
    {
        await WriteAsync("t.parquet", [.. TraceSchema.Create().Fields.Where(field => field.Name != TraceSchema.EndState), .. TraceSchema.Create(logProbabilities: true).Fields.TakeLast(5)], listed: 2);
        var e = Assert.Throws<InputException>(() => TraceReader.Read(_folder["t.parquet"]).ToList());
        Assert.Contains("`top_logprobs` has 1 values for 2 tokens of 1 likeliest ones each", e.Message);
    }

    [Fact]
    public void TheSameTracesGiveTheSameBytes()
    {
        Trace[] traces = [.. Enumerable.Range(0, 50).Select(i => SampleTraces.Make(i))];
        TraceWriter.WritePart(_folder["a"], traces);
        TraceWriter.WritePart(_folder["b"], traces);
        Assert.Equal(File.ReadAllBytes(_folder["a"]), File.ReadAllBytes(_folder["b"]));
    }

    [Fact]
    public void NoTracesAreAFileWithoutRows()
    {
        TraceWriter.WritePart(_folder["t.parquet"], []);
        Assert.Empty(TraceReader.Read(_folder["t.parquet"]));
    }

    [Fact]
    public void AStageFolderIsReadByItsTracesOrDataset()
    {
        TraceWriter.WritePart(Path.Combine(_folder.Path, "dataset", TraceWriter.PartName(0)), [SampleTraces.Make(1)]);
        Assert.Single(TraceReader.Read(_folder.Path));
        TraceWriter.WritePart(Path.Combine(_folder.Path, "traces", TraceWriter.PartName(0)), [SampleTraces.Make(2), SampleTraces.Make(3)]);
        Assert.Equal(2, TraceReader.Read(_folder.Path).Count());
    }

    [Fact]
    public async Task FurtherColumnsAreIgnoredAndOptionalOnesMayBeMissing()
    {
        ParquetSchema schema = TraceSchema.Create();
        string[] dropped = [TraceSchema.Source, TraceSchema.Seconds, TraceSchema.Seed, TraceSchema.ExtractedAnswer, TraceSchema.JudgeVerdict, TraceSchema.EndState];
        await WriteAsync("t.parquet", [.. schema.Fields.Where(field => !dropped.Contains(field.Name)), new DataField<double>("judge_score")]);
        Trace trace = Assert.Single(TraceReader.Read(_folder["t.parquet"]));
        Assert.Equal("stop", trace.Id);
        Assert.Equal("", trace.Prompt.Source);
        Assert.Null(trace.Verdict.ExtractedAnswer);
    }

    [Fact]
    public async Task MissingColumnsAreNamedTogetherWithThoseFound()
    {
        await WriteAsync("t.parquet", [new DataField("question", typeof(string), isNullable: false), new DataField("id", typeof(string), isNullable: false)]);
        var e = Assert.Throws<InputException>(() => TraceReader.Read(_folder["t.parquet"]).ToList());
        Assert.StartsWith($"{_folder["t.parquet"]}: not a trace file: missing `prompt_id`, `messages.role`", e.Message);
        Assert.EndsWith("found `question`, `id`", e.Message);
    }

    [Fact]
    public async Task AnUnknownVerdictIsAnErrorThatNamesTheRow()
    {
        await WriteAsync("t.parquet", [.. TraceSchema.Create().Fields.Where(field => field.Name != TraceSchema.EndState)], verdict: "right");
        var e = Assert.Throws<InputException>(() => TraceReader.Read(_folder["t.parquet"]).ToList());
        Assert.Equal($"{_folder["t.parquet"]}: row group 0, row 0: `verdict` is \"right\", not one of correct, incorrect, unverifiable", e.Message);
    }

    [Fact]
    public void MissingFilesAndEmptyFoldersAreErrors()
    {
        Assert.Contains("no such file or folder", Assert.Throws<InputException>(() => TraceReader.Read(_folder["none"]).ToList()).Message);
        Assert.Contains("holds no *.parquet file", Assert.Throws<InputException>(() => TraceReader.Read(_folder.Path).ToList()).Message);
    }

    [Fact]
    public void DamagedFilesAreErrorsThatNameTheFile()
    {
        TraceWriter.WritePart(_folder["t.parquet"], [.. Enumerable.Range(0, 20).Select(i => SampleTraces.Make(i))]);
        byte[] whole = File.ReadAllBytes(_folder["t.parquet"]);
        foreach (int length in new[] { 0, 3, 4, 11, 12, whole.Length / 2, whole.Length - 8, whole.Length - 1 })
        {
            File.WriteAllBytes(_folder["cut.parquet"], whole[..length]);
            var e = Assert.Throws<InputException>(() => TraceReader.Read(_folder["cut.parquet"]).ToList());
            Assert.StartsWith($"{_folder["cut.parquet"]}: is not a readable Parquet file", e.Message);
        }

        var random = new RandomStream(5);
        for (int round = 0; round < 300; round++)
        {
            byte[] damaged = [.. whole];
            for (int i = 0; i < 3; i++) damaged[random.Next(0, damaged.Length - 1)] = (byte)random.Next(0, 255);
            File.WriteAllBytes(_folder["cut.parquet"], damaged);
            Exception? e = Record.Exception(() => TraceReader.Read(_folder["cut.parquet"]).ToList());
            Assert.True(e is null or InputException, $"round {round}: {e}");
        }
    }

    [Fact]
    public void StatisticsCountWhatIsThere()
    {
        TraceStatistics statistics = TraceStatistics.Of(
            [SampleTraces.Make(1), SampleTraces.Make(1), SampleTraces.Make(2, Outcome.Incorrect, FinishReason.Length)]);
        Assert.Equal((3, 2, 2), (statistics.Rows, statistics.DistinctIds, statistics.DistinctPrompts));
        Assert.Equal((2, 1, 0), (statistics[Outcome.Correct], statistics[Outcome.Incorrect], statistics[Outcome.Unverifiable]));
        Assert.Equal((2, 1), (statistics[FinishReason.Stop], statistics[FinishReason.Length]));
        Assert.Equal((34, 64), (statistics.PromptTokens, statistics.CompletionTokens));
        Assert.Equal(2, statistics.VerdictReasons["equal_number"]);
    }

    // One row in which every text is "stop" (a verdict apart), every list has one entry, every number is 1.
    private async Task WriteAsync(string name, IReadOnlyList<Field> fields, string verdict = "correct", int listed = 1)
    {
        var schema = new ParquetSchema(fields);
        await using FileStream stream = File.Open(_folder[name], FileMode.Create);
        await using ParquetWriter writer = await ParquetWriter.CreateAsync(schema, stream);
        using ParquetRowGroupWriter group = writer.CreateRowGroup();
        foreach (DataField field in schema.DataFields)
        {
            string text = field.Name switch { "verdict" => verdict, "judge_verdict" => "correct", "role" => "user", _ => "stop" };
            if (field.MaxRepetitionLevel > 0 && field.ClrType == typeof(int))
            {
                int count = field.Path.FirstPart == TraceSchema.CompletionTokenIds ? listed : 1;
                await group.WriteAllPartsAsync<int>(field, Enumerable.Repeat(1, count).ToArray(), Enumerable.Repeat(field.MaxDefinitionLevel, count).ToArray(), Enumerable.Range(0, count).Select(i => Math.Min(i, 1)).ToArray(), default);
            }
            else if (field.MaxRepetitionLevel > 0 && field.ClrType == typeof(float))
                await group.WriteAllPartsAsync<float>(field, new[] { -1f }, new[] { field.MaxDefinitionLevel }, new[] { 0 }, default);
            else if (field.MaxRepetitionLevel > 0)
                await group.WriteAllPartsAsync<ReadOnlyMemory<char>>(field, new[] { text.AsMemory() }, new[] { field.MaxDefinitionLevel }, new[] { 0 }, default);
            else if (field.ClrType == typeof(int)) await group.WriteAsync<int>(field, new[] { 1 });
            else if (field.ClrType == typeof(long)) await group.WriteAsync<long>(field, new[] { 1L });
            else if (field.ClrType == typeof(double)) await group.WriteAsync<double>(field, new[] { 1.0 });
            else if (field.ClrType == typeof(bool)) await group.WriteAsync<bool>(field, new[] { true });
            else await group.WriteAsync(field, new[] { text });
        }
    }

    private static void AssertSame(Trace expected, Trace actual)
    {
        Assert.Equal(expected.Prompt.Messages, actual.Prompt.Messages);
        Assert.Equal(expected with { Prompt = expected.Prompt with { Messages = actual.Prompt.Messages } }, actual);
    }
}
