using Distill.Models;
using Distill.Tests.Models;
using Distill.Training;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Distill.Tests.Training;

/// <summary>Rows in chunks give the loss and the gradients of whole rows.</summary>
public sealed class SequenceChunkTests
{
    private static readonly DistillationLoss Distillation = new(TrainingObjective.ForwardKl, 0.6, 1.5, 0.5, MissingMass.Other);

    // Two rows of 44 positions, the second with padding; documents end within chunks. One has the teacher's likeliest tokens.
    private static readonly IReadOnlyList<IReadOnlyList<TrainingSample>> Rows =
        [[Sample(17, 3), Sample(2, 1), Sample(25, 9, taught: true)], [Sample(37, 30)]];

    private static int LossTokens => Rows.SelectMany(row => row).Sum(sample => sample.LossTokens);

    public static TheoryData<string, int> Cases => new MatrixTheoryData<string, int>(["qwen2", "qwen2 untied", "qwen3", "llama", "deepseek", "deepseek with groups"], [1, 8, 44, 100]);

    private static TrainingSample Sample(int length, int prompt, bool taught = false) => new((int[])[.. Enumerable.Range(0, length).Select(i => 1 + ((i * (length + 2)) % 47))], prompt)
    {
        Teacher = taught ? new(2, (int[])[.. Enumerable.Range(0, 2 * (length - prompt)).Select(i => i % 48)], (Half[])[.. Enumerable.Range(0, length - prompt).SelectMany(_ => new[] { (Half)(-0.5), (Half)(-1.5) })]) : null,
    };

    private static ModelConfig Shape(string family) => family switch
    {
        "qwen2" => TinyShapes.Qwen(),
        "qwen2 untied" => TinyShapes.Qwen(tied: false),
        "qwen3" => TinyShapes.Qwen3(),
        "llama" => TinyShapes.Llama(),
        "deepseek" => TinyShapes.DeepSeek(),
        _ => TinyShapes.DeepSeek(queryRank: null, groups: 4) with { RopeScaling = new YarnRopeScaling { Factor = 4, OriginalMaxPositionEmbeddings = 32, Mscale = 0.8, MscaleAllDim = 0.8 } },
    };

    private static (double Loss, Tensor Gradients, Tensor Buffers) Run(CausalLM student, IReadOnlyList<IReadOnlyList<TrainingSample>>[] microBatches, int? chunk, bool recompute = false)
    {
        double loss = new GradientStep(student, recompute, Distillation, chunk is { } size ? new SequenceChunks(size) : null).Add(new StepBatches(microBatches, LossTokens, 0));
        student.RebalanceExperts(0.1);
        return (loss, cat([.. student.named_parameters().Where(item => item.parameter.requires_grad).Select(item => (item.parameter.grad ?? zeros_like(item.parameter)).reshape(-1))]),
            cat([zeros(1), .. student.named_buffers().Select(item => item.buffer.reshape(-1))]));
    }

    private static CausalLM Model(string family, ScalarType type, int devices = 1)
    {
        using CausalLM drawn = TinyShapes.Random(Shape(family));
        var student = new CausalLM(drawn.Config, new DeviceMap(Enumerable.Repeat(CPU, devices)));
        using (no_grad())
            foreach ((var to, var from) in student.parameters().Zip(drawn.parameters())) to.copy_(from);
        student.to(type);
        student.train();
        return student;
    }

    private static void Same((double Loss, Tensor Gradients, Tensor Buffers) expected, (double Loss, Tensor Gradients, Tensor Buffers) actual, double tolerance)
    {
        Assert.Equal(expected.Loss, actual.Loss, tolerance);
        Assert.True(expected.Gradients.norm().to(ScalarType.Float64).item<double>() > 0.1);
        double difference = (expected.Gradients - actual.Gradients).norm().to(ScalarType.Float64).item<double>();
        Assert.True(difference <= tolerance * expected.Gradients.norm().to(ScalarType.Float64).item<double>(), $"{difference}");
        Assert.True(expected.Buffers.eq(actual.Buffers).all().item<bool>()); // experts that are computed again are counted once
    }

    [Theory, MemberData(nameof(Cases))]
    public void LossAndGradientsAreThoseOfWholeRows(string family, int chunk)
    {
        using var scope = NewDisposeScope();
        using CausalLM whole = Model(family, ScalarType.Float64), chunked = Model(family, ScalarType.Float64);
        Same(Run(whole, [Rows], null), Run(chunked, [Rows], chunk), 1e-10);
    }

    [Theory, InlineData("qwen2"), InlineData("deepseek")]
    public void AndSoInSinglePrecision(string family)
    {
        using var scope = NewDisposeScope();
        using CausalLM whole = Model(family, ScalarType.Float32), chunked = Model(family, ScalarType.Float32), again = Model(family, ScalarType.Float32);
        var actual = Run(chunked, [Rows], 8);
        Same(Run(whole, [Rows], null, recompute: true), actual, 1e-5);
        Assert.True(actual.Gradients.eq(Run(again, [Rows], 8).Gradients).all().item<bool>()); // the same bits every time
    }

    [Theory, InlineData(2), InlineData(3)]
    public void OverSeveralDevicesEachStageWorksInChunks(int devices)
    {
        using var scope = NewDisposeScope();
        using CausalLM one = Model("deepseek", ScalarType.Float64), several = Model("deepseek", ScalarType.Float64, devices);
        Same(Run(one, [[Rows[0]], [Rows[1]]], null), Run(several, [[Rows[0]], [Rows[1]]], 8), 1e-10);
    }

    [Theory, InlineData(WeightFormat.Int8), InlineData(WeightFormat.BFloat16)]
    public void AdaptersBesideFrozenWeightsToo(WeightFormat format)
    {
        using var scope = NewDisposeScope();
        using CausalLM whole = Adapted(), chunked = Adapted();
        Same(Run(whole, [Rows], null), Run(chunked, [Rows], 8), 1e-5);

        CausalLM Adapted()
        {
            using CausalLM drawn = TinyShapes.Random(TinyShapes.Qwen());
            var student = new CausalLM(drawn.Config, CPU, allocate: false);
            foreach ((var to, var from) in student.Matrices.Zip(drawn.Matrices)) to.Matrix.Freeze(format, (first, count) => from.Matrix.WeightRows(first, count).clone());
            student.AddAdapters(["k_proj", "down_proj"], new LowRankShape(4, 8, false), 5); // nothing is trained before the first layer's keys
            using var none = no_grad();
            foreach (var item in student.Projections.Where(item => item.Projection.Adapter is not null)) item.Projection.Adapter!.Up.copy_(randn(item.Projection.Adapter.Up.shape, generator: new Generator(9)) * 0.2);
            return student;
        }
    }
}
