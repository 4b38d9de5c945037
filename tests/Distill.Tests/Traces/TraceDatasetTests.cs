using Distill.Chat;
using Distill.Prompts;
using Distill.Runs;
using Distill.Traces;
using Distill.Verification;
using Parquet.Serialization;
using Xunit;

namespace Distill.Tests.Traces;

public sealed class TraceDatasetTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task EveryGenerationOfOpenR1MathIsATrace()
    {
        await ParquetSerializer.SerializeAsync(
        [
            new OpenR1Row
            {
                Problem = "What is 6*7?", Answer = "42", Uuid = "u-1",
                Generations = ["<think>\n6*7=42\n</think>\n\n\\boxed{42}", "<think>\nLet me see"],
                FinishReasons = ["stop", "length"], CorrectnessMathVerify = [true, false], CorrectnessLlama = [false, true],
                Messages = [new Turn { Role = "user", Content = "What is 6*7?" }, new Turn { Role = "assistant", Content = "chosen" }],
            },
        ], _folder["train.parquet"]);
        Trace[] traces = [.. TraceDataset.Read(_folder["train.parquet"])];
        Assert.Equal(2, traces.Length);
        Assert.Equal(("What is 6*7?", "42"), (traces[0].Prompt.Messages.Single().Content, traces[0].Prompt.ReferenceAnswer));
        Assert.Equal(("6*7=42", "\\boxed{42}", FinishReason.Stop, false), (traces[0].Completion.Reasoning, traces[0].Completion.Answer, traces[0].Completion.FinishReason, traces[0].Completion.ReasoningUnclosed));
        Assert.Equal((Outcome.Correct, "correctness_math_verify", Outcome.Incorrect), (traces[0].Verdict.Outcome, traces[0].Verdict.Reason, traces[0].JudgeVerdict!.Outcome));
        Assert.Equal((FinishReason.Length, true, "", 1), (traces[1].Completion.FinishReason, traces[1].Completion.ReasoningUnclosed, traces[1].Completion.Answer, traces[1].SampleIndex));
        Assert.NotEqual(traces[0].Id, traces[1].Id);
        Assert.Equal(1, TraceDataset.CountRows(_folder["train.parquet"]));
    }

    [Theory]
    [InlineData("""{"conversations":[{"from":"user","value":"Q"},{"from":"assistant","value":"<|begin_of_thought|>\nT\n<|end_of_thought|>\n\n<|begin_of_solution|>\nA\n<|end_of_solution|>"}]}""", "T", "A")]
    [InlineData("""{"messages":[{"role":"user","content":"Q"},{"role":"assistant","content":"<think>T</think><answer>A</answer>"}],"num_tokens":7}""", "T", "A")]
    [InlineData("""{"messages":[{"role":"user","content":"Q"},{"role":"assistant","content":"A","reasoning_content":"T"}]}""", "T", "A")]
    [InlineData("""{"instruction":"Q","input":"","output":"A"}""", "", "A")]
    [InlineData("""{"prompt":"Q","response":"<think>T</think>A"}""", "T", "A")]
    [InlineData("""{"question":"Q","deepseek_thinking_trajectory":"T","deepseek_attempt":"A"}""", "T", "A")]
    [InlineData("""{"problem":"Q","metadata":1,"reasoning":"T","content":"A","answer":"5"}""", "T", "A")]
    public void CommonShapesAreUnderstood(string line, string reasoning, string answer)
    {
        File.WriteAllText(_folder["a.jsonl"], line + "\n");
        Trace trace = Assert.Single(TraceDataset.Read(_folder["a.jsonl"]));
        Assert.Equal(("Q", reasoning, answer), (trace.Prompt.Messages[^1].Content.Trim(), trace.Completion.Reasoning, trace.Completion.Answer));
        Assert.Equal((Outcome.Unverifiable, "not_verified"), (trace.Verdict.Outcome, trace.Verdict.Reason));
        Assert.Equal(line.Contains("num_tokens") ? 7 : 0, trace.Completion.CompletionTokens);
    }

    [Fact]
    public void TheCompletionIsNeverItsOwnReferenceAnswer()
    {
        File.WriteAllText(_folder["a.jsonl"], """{"messages":[{"role":"user","content":"Q"},{"role":"assistant","content":"\\boxed{3}"}]}""");
        Assert.Null(Assert.Single(TraceDataset.Read(_folder["a.jsonl"])).Prompt.ReferenceAnswer);
    }

    [Fact]
    public void ColumnsCanBeChosenAndWhatIsMissingIsNamed()
    {
        File.WriteAllText(_folder["a.jsonl"], """{"q":"Q","gold":"1","wrote":"A"}""");
        var columns = new ColumnMap { Prompt = "q", Completion = "wrote", Answer = "gold" };
        Assert.Equal("A", TraceDataset.Read(_folder["a.jsonl"], columns).First().Completion.Answer);
        File.AppendAllText(_folder["a.jsonl"], "\n" + """{"q":"Q"}""");
        Assert.Equal($"{_folder["a.jsonl"]}:2: column `wrote` is missing or empty", Assert.Throws<InputException>(() => TraceDataset.Read(_folder["a.jsonl"], columns).ToList()).Message);
        Assert.Equal($"{_folder["a.jsonl"]}:1: holds no completion; found `q`, `gold`, `wrote`", Assert.Throws<InputException>(() => TraceDataset.Read(_folder["a.jsonl"]).ToList()).Message);
    }

    [Fact]
    public void OurOwnTracesComeBackWhole()
    {
        Trace[] traces = [.. Enumerable.Range(0, 2500).Select(i => SampleTraces.Make(i) with { JudgeVerdict = i % 2 == 0 ? null : new Verdict(Outcome.Correct, "yes", "4", "judge/1") })];
        TraceWriter.WritePart(Path.Combine(_folder["run"], "traces", TraceWriter.PartName(0)), traces);
        Trace[] read = [.. TraceDataset.Read(_folder["run"])];
        Assert.Equal(2500, read.Length);
        for (int i = 0; i < traces.Length; i++) Assert.Equal(traces[i] with { Prompt = read[i].Prompt }, read[i]);
        Assert.Equal(3, TraceDataset.Chunks(_folder["run"]).Count());
    }

    private sealed class Turn
    {
        [System.Text.Json.Serialization.JsonPropertyName("role")]
        public string? Role { get; set; }

        [System.Text.Json.Serialization.JsonPropertyName("content")]
        public string? Content { get; set; }
    }

    private sealed class OpenR1Row
    {
        [System.Text.Json.Serialization.JsonPropertyName("problem")]
        public string? Problem { get; set; }

        [System.Text.Json.Serialization.JsonPropertyName("answer")]
        public string? Answer { get; set; }

        [System.Text.Json.Serialization.JsonPropertyName("uuid")]
        public string? Uuid { get; set; }

        [System.Text.Json.Serialization.JsonPropertyName("generations")]
        public List<string>? Generations { get; set; }

        [System.Text.Json.Serialization.JsonPropertyName("finish_reasons")]
        public List<string>? FinishReasons { get; set; }

        [System.Text.Json.Serialization.JsonPropertyName("correctness_math_verify")]
        public List<bool>? CorrectnessMathVerify { get; set; }

        [System.Text.Json.Serialization.JsonPropertyName("correctness_llama")]
        public List<bool>? CorrectnessLlama { get; set; }

        [System.Text.Json.Serialization.JsonPropertyName("messages")]
        public List<Turn>? Messages { get; set; }
    }
}
