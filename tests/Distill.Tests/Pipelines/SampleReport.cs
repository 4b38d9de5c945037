using Distill.Curation;
using Distill.Eval;
using Distill.Pipelines;
using Distill.Pipelines.Report;
using Distill.Runs;

namespace Distill.Tests.Pipelines;

/// <summary>Made-up figures for a page that looks like a real one. They are no result of anything.</summary>
internal static class SampleReport
{
    public static ReportData Data() => new(Run(), 17, Yaml, Scores(), [Funnel()], Curves(), Artifacts(), [Quantizations()]);

    private const string Yaml = """
        name: quickstart
        seed: 17
        stages:
          - prompts: { id: problems, basic: 4000, hard: 800 }
          - teacher-gen: { prompts: $problems, teacher: artifacts/tiny-r1, samples: 2 }
          - curate: { traces: $teacher-gen, max_per_prompt: 2 }
          - train: { id: distilled, student: tiny-qwen, data: $curate, max_steps: 1500 }
        """;

    private static RunRecord Run() => new()
    {
        Name = "quickstart",
        Pipeline = "pipelines/quickstart.yaml",
        Fingerprint = new string('a', 64),
        ToolVersion = "0.1.0",
        Updated = new DateTimeOffset(2026, 11, 23, 14, 5, 0, TimeSpan.Zero),
        Status = "done",
        Stages =
        [
            .. new (string Id, string Stage, double Seconds)[]
            {
                ("problems", "prompts", 0.4), ("teacher-gen", "teacher-gen", 96), ("traces", "curate", 1.9), ("answers", "curate", 1.8),
                ("untrained", "train", 2.2), ("answers-only", "train", 141), ("distilled", "train", 151.5), ("export", "export", 3.1), ("eval", "eval", 75),
            }.Select(stage => new RunRecordStage(stage.Id, stage.Stage, "done", "f", stage.Seconds)),
        ],
    };

    private static List<ScoreRow> Scores() =>
    [
        Row("tiny-r1", ScoreRole.Teacher, 0.962, 0.95, 0.972), Row("untrained", ScoreRole.Untrained, 0, 0, 0.004),
        Row("answers-only", ScoreRole.AnswersOnly, 0.021, 0.014, 0.032), Row("distilled", ScoreRole.Distilled, 0.874, 0.852, 0.893),
        Row("GGUF F16", ScoreRole.Artifact, 0.873, 0.851, 0.892), Row("GGUF Q8_0", ScoreRole.Artifact, 0.869, 0.847, 0.889), Row("ONNX fp32", ScoreRole.Artifact, 0.874, 0.852, 0.893),
    ];

    private static ScoreRow Row(string label, ScoreRole role, double value, double low, double high) =>
        new(label, role, "arithmetic, held out", value, low, high, 500, 2, role == ScoreRole.Untrained ? 0.93 : 0.004, role == ScoreRole.AnswersOnly ? 11 : 143, 2140, "eval");

    private static FunnelData Funnel() => new(
        "traces",
        new FilterFunnel
        {
            RowsIn = 9600,
            TokensIn = 1_400_000,
            PromptsIn = 4800,
            Steps =
            [
                new FunnelStep("truncated", 41, 20_000, 9559), new FunnelStep("reasoning_unclosed", 0, 0, 9559),
                new FunnelStep("verdict_incorrect", 1187, 170_000, 8372), new FunnelStep("verdict_unverifiable", 12, 900, 8360), new FunnelStep("duplicate", 310, 40_000, 8050),
            ],
            RowsOut = 8050,
            TokensOut = 1_169_100,
            PromptsOut = 4410,
            Policies = [new PolicyOutcome("all", 9249, 4790, 1_350_000), new PolicyOutcome("correct", 8050, 4410, 1_169_100), new PolicyOutcome("judge-or-rule", 8058, 4412, 1_170_000)],
            Sources = [new SourceOutcome("traces", 9600, 8050, 1_169_100, 0.8), new SourceOutcome("data/chat.jsonl", 5000, 2012, 310_000, 0.2)],
            Benchmarks = [new BenchmarkOutcome("gsm8k", 1319, 4, 4, [new BenchmarkHit("gsm8k:603", "ngram", 0.76, "miles in 3 hours. At the same rate")])],
        },
        [
            new TraceExample("kept", "Compute 37*46+158-29.", "1831", "37*46: 37*40=1480; 37*6=222; 1480+222=1702\n1702+158=1860\n1860-29=1831", "37*46+158-29 = \\boxed{1831}", "correct", "equal_number"),
            new TraceExample("verdict_incorrect", "Compute 618*479.", "296022", "618*479: 618*400=247200; 618*70=43260; 618*9=5562\n247200+43260=290460\n290460+5562=296012", "\\boxed{296012}", "incorrect", "different_number"),
            new TraceExample("truncated", "Compute 812*977+4.", "793328", "", "812*977: 812*900=730800; 812*77=", "unverifiable", "truncated"),
        ]);

    private static List<LossCurve> Curves() =>
    [
        Curve("answers-only", ScoreRole.AnswersOnly, 0.62, 40), Curve("distilled", ScoreRole.Distilled, 0.031, 260),
    ];

    private static LossCurve Curve(string stage, ScoreRole role, double floor, double scale)
    {
        var random = new RandomStream(7);
        return new LossCurve(stage, role, "tiny-qwen", [.. Enumerable.Range(1, 1500).Select(step => ((double)step, (floor + (5.5 * Math.Exp(-step / scale))) * Math.Exp(0.15 * random.NextNormal())))], 18_200, 9_000_000);
    }

    private static QuantizationData Quantizations() => new("eval-files",
    [
        File("tiny-qwen-Q8_0.gguf", 1_061_888, 8.5, 0.00021, 0.871), File("tiny-qwen-Q4_K_M.gguf", 650_000, 5.1, 0.031, 0.83),
        File("tiny-qwen-Q4_0.gguf", 600_000, 4.6, 0.062, 0.80), File("tiny-qwen-F16.gguf", 1_920_448, 16, 0, 0.874), File("tiny-qwen-Q2_K.gguf", 420_000, 3.3, 0.7, 0.31),
    ], [Suite(0.874)]);

    private static QuantizationScore File(string name, long bytes, double bits, double divergence, double rate) => new()
    {
        File = name,
        Bytes = bytes,
        BitsPerWeight = bits,
        Texts =
        [
            new CorpusScore
            {
                Name = "traces",
                Positions = 4000,
                Perplexity = 1.31 * Math.Exp(divergence),
                ReferencePerplexity = 1.31,
                Divergence = divergence,
                DivergenceStandardError = divergence / 20,
                Divergence999 = 9 * divergence,
                DivergenceMax = 20 * divergence,
                SameTop = 1 - (divergence / 3),
                SameTopStandardError = 0.001,
            },
        ],
        Suites = [Suite(rate)],
    };

    private static SuiteScore Suite(double rate) => new()
    {
        Suite = "arithmetic-short",
        Version = 1,
        ProblemsFingerprint = "f",
        Problems = 300,
        Samples = 1,
        Temperature = 0.6,
        TopP = 0.95,
        MaxTokens = 256,
        Verifier = "math/4",
        PassAt1 = PassRate.Of([.. Enumerable.Range(0, 300).Select(i => i < 300 * rate ? 1 : 0)], 1),
        PassAt = [],
        TruncationRate = 0.01,
        NoAnswerRate = 0,
        MeanTokens = 60,
        MedianTokens = 60,
        P95Tokens = 80,
        CompletionTokens = 18_000,
        Seconds = 9,
    };

    private static List<ArtifactRow> Artifacts()
    {
        List<ScoreRow> scores = Scores();
        return
        [
            new("gguf/tiny-qwen-F16.gguf", "gguf", "F16", 1_920_448, 16, scores[4]),
            new("gguf/tiny-qwen-Q8_0.gguf", "gguf", "Q8_0", 1_061_888, 8.5, scores[5]),
            new("onnx/model.onnx", "onnx", "fp32", 3_741_204, 32, scores[6]),
        ];
    }
}
