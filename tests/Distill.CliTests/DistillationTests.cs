using System.Text.Json.Nodes;
using Xunit;

namespace Distill.CliTests;

/// <summary>Logit distillation as a user runs it: the delivered teacher's probabilities, a tiny student.</summary>
public sealed class DistillationTests : IDisposable
{
    private const string Pipeline = """
        name: logits
        seed: 5
        stages:
          - prompts:     { id: problems, short: 48 }
          - teacher-gen: { id: teacher, prompts: $problems, temperature: 0.6, max_tokens: 120, top_logprobs: 8 }
          - curate:      { id: traces, traces: $teacher }
          - train:       { id: student, student: tiny-qwen, tokenizer: artifacts/tiny-r1, data: $traces, objective: forward-kl, distill_weight: 0.8, max_steps: 40, batch_size: 4, micro_batch_size: 2, sequence_length: 256, learning_rate: 4e-3, warmup_steps: 4, checkpoint_every: 10, eval_suite: eval/suites/arithmetic-short.yaml, eval_every: 20, eval_limit: 6, eval_samples: 1 }
        """;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void AStudentLearnsFromTheTeachersProbabilities()
    {
        _folder.Write("logits.yaml", Pipeline + "\n");
        CliResult run = CliProcess.Run(_folder.Path, "run", "logits.yaml", "--out", "run");
        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Contains("of the learned tokens bring its likeliest tokens", run.Error);

        double[] losses = [.. File.ReadLines(_folder["run/student/metrics.jsonl"]).Select(line => JsonNode.Parse(line)!["loss"]!.GetValue<double>())];
        Assert.Equal(40, losses.Length);
        Assert.True(losses[^5..].Average() < losses[..5].Average() * 0.6, $"from {losses[0]} to {losses[^1]}");

        // Asked in the middle and at the end.
        int[] asked = [.. File.ReadLines(_folder["run/student/metrics.jsonl"]).Select(line => JsonNode.Parse(line)!).Where(line => line["pass@1"] is not null).Select(line => line["step"]!.GetValue<int>())];
        Assert.Equal([20, 40], asked);
        Assert.Contains("pass@1 by step", File.ReadAllText(_folder["run/report.html"]));

        // Tokens of the traces, and what their probabilities take: eight to a token, each with an id.
        long tokens = JsonNode.Parse(File.ReadAllText(_folder["run/teacher/manifest.json"]))!["results"]!["completion_tokens"]!.GetValue<long>();
        double bytesPerToken = (double)new FileInfo(_folder["run/teacher/traces/part-00000.parquet"]).Length / tokens;
        Assert.InRange(bytesPerToken, 8, 40);
    }
}
