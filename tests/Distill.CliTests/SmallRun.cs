using System.Security.Cryptography;

namespace Distill.CliTests;

/// <summary>A pipeline of every stage that takes seconds: worked solutions as teacher, a few steps of training.</summary>
internal static class SmallRun
{
    public const string Stages = """
        seed: 5
        stages:
          - prompts:     { id: problems, basic: 150 }
          - teacher-gen: { id: worked, prompts: $problems, teacher: worked }
          - curate:      { id: traces, traces: $worked }
          - train:       { id: student, student: tiny-qwen, data: $traces, max_steps: 10, batch_size: 4, micro_batch_size: 4, checkpoint_every: 2, sequence_length: 256, learning_rate: 1e-3 }
          - export:      { model: $student, name: small, gguf: [F16, Q8_0], onnx: [fp32] }
          - eval:        { model: $student, name: student, suites: eval/suites/arithmetic-basic.yaml, limit: 6, samples: 2, max_tokens: 24 }
        """;

    /// <summary>What must be the same bytes however often the run was stopped on the way.</summary>
    public static readonly string[] Results =
    [
        "problems/prompts.jsonl", "worked/traces/part-00000.parquet", "traces/dataset/part-00000.parquet", "student/model/model.safetensors",
        "export/gguf/small-F16.gguf", "export/gguf/small-Q8_0.gguf", "export/onnx/onnx/model.onnx",
    ];

    public static void Write(TemporaryFolder folder, string name) => folder.Write("small.yaml", $"name: {name}\n{Stages}\n");

    public static Dictionary<string, string> Hashes(string runFolder) => Results.ToDictionary(
        result => result, result => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(Path.Combine(runFolder, result)))));
}
