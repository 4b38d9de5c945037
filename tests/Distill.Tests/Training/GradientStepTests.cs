using Distill.Models;
using Distill.Tests.Models;
using Distill.Training;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Distill.Tests.Training;

/// <summary>An update is the mean over its counted tokens, however its samples are divided among rows and its rows among passes. In double precision, so that a wrong weight shows.</summary>
public sealed class GradientStepTests
{
    private const double Rounding = 1e-12;

    // Of different lengths, and of different shares that count: a mean of means would be another number.
    private static readonly TrainingSample[] Samples =
        [.. Enumerable.Range(0, 8).Select(i => new TrainingSample((int[])[.. Enumerable.Range(0, 4 + (3 * i)).Select(j => 2 + (((i * 7) + (j * (i + 3))) % 45))], 1 + (i % 3), $"trace-{i}"))];

    private static readonly TrainOptions Recipe = new() { SequenceLength = 64, BatchSize = 8, Packing = false, Seed = 3 };

    public static TheoryData<string> Families => ["qwen2", "qwen3", "llama", "deepseek"];

    private static CausalLM Model(string family)
    {
        CausalLM student = TinyShapes.Random((family switch { "qwen2" => TinyShapes.Qwen(), "qwen3" => TinyShapes.Qwen3(), "llama" => TinyShapes.Llama(), _ => TinyShapes.DeepSeek() }) with { MaxPositionEmbeddings = 1024 });
        student.to(ScalarType.Float64);
        return student;
    }

    private static (double Loss, Tensor Gradients) Run(string family, StepBatches step)
    {
        using CausalLM student = Model(family);
        double loss = new GradientStep(student, recompute: false).Add(step);
        return (loss, cat([.. student.named_parameters().Select(item => (item.parameter.grad ?? zeros_like(item.parameter)).reshape(-1))]));
    }

    private static StepBatches Step(int rowsPerPass) => new BatchStream(Samples, Recipe with { MicroBatchSize = rowsPerPass }, default).NextStep();

    private static void Same((double Loss, Tensor Gradients) expected, (double Loss, Tensor Gradients) actual)
    {
        Assert.Equal(expected.Loss, actual.Loss, 12);
        Assert.True((expected.Gradients - actual.Gradients).norm().item<double>() <= Rounding * expected.Gradients.norm().item<double>());
    }

    [Theory, MemberData(nameof(Families))]
    public void EightTimesOneRowIsTwiceFourIsOnceEight(string family)
    {
        using var scope = NewDisposeScope();
        StepBatches single = Step(1);
        Assert.Equal(8, single.MicroBatches.Count);
        var expected = Run(family, single);
        Assert.True(expected.Gradients.norm().item<double>() > 0.1);
        foreach (int rows in (int[])[2, 4, 8]) Same(expected, Run(family, Step(rows)));

        double meanOfMeans = single.MicroBatches.Average(rows => Run(family, new StepBatches([rows], rows[0].Sum(sample => sample.LossTokens), 0)).Loss);
        Assert.True(Math.Abs(meanOfMeans - expected.Loss) > 1e-3); // the samples could tell the difference
    }

    [Theory, MemberData(nameof(Families))]
    public void PackedIsUnpacked(string family)
    {
        using var scope = NewDisposeScope();
        var expected = Run(family, Step(1));
        Same(expected, Run(family, Packed(Samples)));

        // Attended to document by document: rows longer than those that take a mask.
        TrainingSample[] more = [.. Enumerable.Range(0, 5).SelectMany(_ => Samples)];
        Assert.True(more.Sum(sample => sample.Length) > 512);
        Same(expected, Run(family, Packed(more)));
    }

    [Fact]
    public void WithoutItsMaskAPackedRowIsAnotherSample()
    {
        using var scope = NewDisposeScope();
        using CausalLM student = Model("qwen2");
        using PackedBatch batch = PackedBatch.Of([Samples], CPU);
        using var none = no_grad();
        double kept = CausalLoss.Sum(student, student.Hidden(batch.InputIds, batch.Positions, batch.Mask), batch), mixed = CausalLoss.Sum(student, student.Hidden(batch.InputIds, batch.Positions, AttentionMask.CausalOnly), batch);
        Assert.True(Math.Abs(kept - mixed) > 1);
    }

    private static StepBatches Packed(TrainingSample[] samples) => new([[samples]], samples.Sum(sample => sample.LossTokens), samples.Sum(sample => sample.Length));
}
