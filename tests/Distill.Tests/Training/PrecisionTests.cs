using Distill.Models;
using Distill.Tests.Models;
using Distill.Training;
using Distill.Weights;
using Xunit;
using static TorchSharp.torch;

namespace Distill.Tests.Training;

/// <summary>Weights trained in 16 bits.</summary>
public sealed class PrecisionTests
{
    private static readonly IReadOnlyList<IReadOnlyList<TrainingSample>> Rows =
        [[new((int[])[3, 9, 27, 33, 5, 8], 2), new((int[])[11, 4, 6], 1)], [new((int[])[7, 7, 2, 30, 31, 32, 33, 1], 3)]];

    private static CausalLM Model(ModelConfig shape, ScalarType trained = ScalarType.BFloat16) => TinyShapes.Random(shape, trained: trained);

    private static CausalLM Widened(ModelConfig shape)
    {
        CausalLM model = Model(shape, ScalarType.Float32);
        using var none = no_grad();
        foreach ((string _, WeightMatrix matrix) in model.Matrices) matrix.Weight.copy_(matrix.Weight.to(ScalarType.BFloat16));
        return model;
    }

    public static TheoryData<string> Shapes => ["qwen", "untied", "deepseek"];

    private static ModelConfig Shape(string name) => name switch { "qwen" => TinyShapes.Qwen(), "untied" => TinyShapes.Qwen(tied: false), _ => TinyShapes.DeepSeek() };

    // Products are computed in 32-bit floats of the same values; only where they are cut into slices may another kernel sum in another order.
    [Theory, MemberData(nameof(Shapes))]
    public void LossAndGradientsAreThoseOfTheSameWeightsInThirtyTwoBits(string shape)
    {
        foreach (Func<CausalLM, PackedBatch, int, double> pass in (Func<CausalLM, PackedBatch, int, double>[])[BackwardPass.Whole, BackwardPass.Recomputed])
        {
            using CausalLM narrow = Model(Shape(shape)), wide = Widened(Shape(shape));
            using FlatParameters narrowParameters = new(narrow), wideParameters = new(wide);
            using var scope = NewDisposeScope();
            using var batch = PackedBatch.Of(Rows, CPU);
            Assert.Equal(pass(wide, batch, 11), pass(narrow, batch, 11), 5);
            foreach (((string name, var expected), (string _, var actual)) in wide.named_parameters().Zip(narrow.named_parameters()))
            {
                Assert.Equal(ScalarType.Float32, actual.grad!.dtype);
                Assert.True(TinyShapes.LargestDifference(expected.grad!, actual.grad!) < 5e-6, name);
            }
        }
    }

    [Theory, MemberData(nameof(Shapes))]
    public void TheStudentAnswersAsTheSameWeightsInThirtyTwoBits(string shape)
    {
        using CausalLM wide = Widened(Shape(shape)), narrow = Model(Shape(shape)), far = TinyShapes.Random(Shape(shape), devices: new DeviceMap(CPU) { MatricesOnCpu = true }, trained: ScalarType.BFloat16);
        using var none = no_grad();
        using var scope = NewDisposeScope();
        float[][] logits = [.. new[] { wide, narrow, far }.Select(Logits)];
        Assert.All(logits[0].Zip(logits[1]), pair => Assert.InRange(pair.Second, pair.First - 1e-4f, pair.First + 1e-4f));
        Assert.Equal(logits[1], logits[2]);

        // Five tokens at once, then one more behind them.
        static float[] Logits(CausalLM model)
        {
            using var cache = new KVCache(model.Config.NumHiddenLayers, 16);
            Tensor first = tensor(new long[,] { { 3, 9, 27, 33, 5 } }), next = tensor(new long[,] { { 8 } });
            _ = model.Hidden(first, arange(5, ScalarType.Int64).unsqueeze(0), AttentionMask.CausalOnly, cache);
            return TinyShapes.Floats(model.Logits(model.Hidden(next, tensor(new long[,] { { 5 } }), AttentionMask.CausalOnly, cache)));
        }
    }

    [Fact]
    public void UpdatesAreMadeOnTheOriginals()
    {
        TrainOptions options = new() { Precision = Precision.BFloat16, WeightDecay = 0.1 };
        using CausalLM narrow = Model(TinyShapes.Qwen()), wide = Widened(TinyShapes.Qwen());
        using FlatParameters parameters = new(narrow), expected = new(wide);
        using AdamW optimizer = new(parameters, options), reference = new(expected, options);
        for (int step = 1; step <= 20; step++)
        {
            using var none = no_grad();
            using var scope = NewDisposeScope();
            foreach (((string _, var a), (string _, var b)) in wide.named_parameters().Zip(narrow.named_parameters()))
            {
                Tensor gradient = randn(a.shape, generator: new Generator((ulong)((step * 1000) + a.numel())));
                a.grad!.copy_(gradient);
                b.grad!.copy_(gradient);
            }
            optimizer.Step(step, 1e-4);
            reference.Step(step, 1e-4);
        }
        foreach (((string name, var a), (string _, var b)) in wide.named_parameters().Zip(narrow.named_parameters()))
        {
            Assert.True(TinyShapes.Floats(a).SequenceEqual(TinyShapes.Floats(optimizer.Exact(b))), name); // to the bit
            if (b.dtype == ScalarType.Float32) continue;
            Assert.True(TinyShapes.Floats(a.to(ScalarType.BFloat16)).SequenceEqual(TinyShapes.Floats(b)), name);
        }
    }

    // Updates of a tenth of the distance between neighbours: rounding to the nearest would leave every weight where it was.
    [Fact]
    public void SmallUpdatesAreNotLost()
    {
        TrainOptions options = new() { Precision = Precision.BFloat16Stochastic, WeightDecay = 0, Seed = 5 };
        using CausalLM model = Model(TinyShapes.Qwen());
        using var parameters = new FlatParameters(model);
        using var optimizer = new AdamW(parameters, options);
        using var none = no_grad();
        Tensor values = parameters.Parts[0].Values;
        values.fill_(1.5); // its neighbours are 1/128 away
        const int steps = 200;
        const double rate = 1 / 1280.0;
        for (int step = 1; step <= steps; step++)
        {
            parameters.Parts[0].Gradients.fill_(1);
            optimizer.Step(step, rate);
        }
        // Gradients that never change make updates of exactly the rate.
        float[] after = TinyShapes.Floats(values);
        double mean = after.Average(), spread = Math.Sqrt(after.Average(value => Math.Pow(value - mean, 2)));
        Assert.InRange(mean, 1.5 - (steps * rate) - (5 * spread / Math.Sqrt(after.Length)), 1.5 - (steps * rate) + (5 * spread / Math.Sqrt(after.Length)));
        // Each step takes one neighbour with p = 0.1: the variance of a sum of draws.
        Assert.InRange(spread, Math.Sqrt(steps * 0.09) / 128 * 0.95, Math.Sqrt(steps * 0.09) / 128 * 1.05);
    }

    [Theory]
    [InlineData(Precision.Float32, MomentFormat.Float32, 16.0)]
    [InlineData(Precision.BFloat16, MomentFormat.Float32, 16.0)] // 2 and 2 for the weight and its rest, 4 for the gradient, 8 for the moments
    [InlineData(Precision.BFloat16Stochastic, MomentFormat.Float32, 14.0)]
    [InlineData(Precision.BFloat16, MomentFormat.Int8, 10.03125)]
    [InlineData(Precision.BFloat16Stochastic, MomentFormat.Int8, 8.03125)]
    public void BytesPerValueAreThoseOfThePlan(Precision precision, MomentFormat moments, double bytes)
    {
        ModelConfig shape = TinyShapes.Qwen() with { VocabSize = 4096, HiddenSize = 64, IntermediateSize = 256 };
        var options = new TrainOptions { Precision = precision, Moments = moments };
        using CausalLM model = Model(shape, options.TrainedType);
        using var parameters = new FlatParameters(model);
        using var optimizer = new AdamW(parameters, options);
        long matrices = model.Matrices.Sum(item => item.Matrix.Rows * item.Matrix.Columns), others = parameters.Count - matrices;
        long taken = Bytes([.. parameters.Parts.SelectMany(part => new[] { part.Values, part.Gradients }), .. optimizer.Masters.Select(item => item.Tensor), .. optimizer.Tensors.Select(item => item.Tensor)]);
        double expected = (matrices * bytes) + (others * (moments == MomentFormat.Int8 ? 10.03125 : 16));
        Assert.InRange(taken, expected - 1, expected + (4 * 260)); // the last block of 8-bit moments may be padded
        MemoryPlan plan = MemoryPlan.Of(shape, options);
        Assert.InRange(plan.Weights + plan.Gradients + plan.Moments, expected * 0.999, expected * 1.001);
        // Nothing else holds the values: the parameters are views of the buffers.
        Assert.All(model.named_parameters(), item => Assert.Contains(parameters.Parts, part => part.Values.dtype == item.parameter.dtype && part.StartOf(item.parameter) is not null));

        static long Bytes(IEnumerable<Tensor> tensors) => tensors.Sum(tensor => tensor.numel() * tensor.element_size());
    }

    [Fact]
    public void TheFinishedModelIsWrittenFromTheOriginals()
    {
        using var folder = new TemporaryFolder();
        using CausalLM model = Model(TinyShapes.Qwen());
        using var parameters = new FlatParameters(model);
        using var optimizer = new AdamW(parameters, new TrainOptions { Precision = Precision.BFloat16 });
        using (no_grad()) parameters.Parts[0].Gradients.copy_(randn(parameters.Parts[0].Gradients.shape, generator: new Generator(2)));
        optimizer.Step(1, 1e-4);
        ModelWeights.Save(model, folder.Path, TensorType.F32, values: optimizer.Exact);
        using CausalLM exact = ModelWeights.Load(folder.Path, CPU);
        foreach (((string name, var loaded), (string _, var trained)) in exact.named_parameters().Zip(model.named_parameters()))
        {
            Assert.True(TinyShapes.Floats(loaded).SequenceEqual(TinyShapes.Floats(optimizer.Exact(trained))), name);
            if (trained.dtype == ScalarType.BFloat16) Assert.False(TinyShapes.Floats(loaded).SequenceEqual(TinyShapes.Floats(trained)), name);
        }
        ModelWeights.Save(model, folder.Path, TensorType.BF16);
        using CausalLM rounded = ModelWeights.Load(folder.Path, CPU, trained: ScalarType.BFloat16);
        foreach (((string name, WeightMatrix loaded), (string _, WeightMatrix trained)) in rounded.Matrices.Zip(model.Matrices))
            Assert.True(TinyShapes.Floats(loaded.Weight).SequenceEqual(TinyShapes.Floats(trained.Weight)), name);
    }
}
