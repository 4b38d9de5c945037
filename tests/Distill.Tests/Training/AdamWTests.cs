using Distill.Models;
using Distill.Tests.Models;
using Distill.Training;
using Xunit;
using static TorchSharp.torch;

namespace Distill.Tests.Training;

public sealed class AdamWTests
{
    [Fact]
    public void UpdatesAreThoseOfThePaper()
    {
        TorchRuntime.Initialize(1);
        using CausalLM model = TinyShapes.Random(TinyShapes.Qwen());
        using var parameters = new FlatParameters(model);
        var options = new TrainOptions { Beta1 = 0.9, Beta2 = 0.98, WeightDecay = 0.1 };
        using var optimizer = new AdamW(parameters, options);
        double[] expected = [.. TinyShapes.Floats(parameters.Parts[0].Values)];
        double[] mean = new double[expected.Length], variance = new double[expected.Length];
        for (int step = 1; step <= 4; step++)
        {
            using var none = no_grad();
            using Tensor gradient = randn(expected.Length, generator: new Generator((ulong)step));
            parameters.Parts[0].Gradients.copy_(gradient);
            float[] g = TinyShapes.Floats(gradient);
            double rate = 0.01 * step;
            optimizer.Step(step, rate);
            for (int i = 0; i < expected.Length; i++)
            {
                mean[i] = (0.9 * mean[i]) + (0.1 * g[i]);
                variance[i] = (0.98 * variance[i]) + (0.02 * g[i] * g[i]);
                double decay = i < parameters.Parts[0].MatrixCount ? rate * 0.1 * expected[i] : 0;
                expected[i] -= decay + (rate * (mean[i] / (1 - Math.Pow(0.9, step))) / (Math.Sqrt(variance[i] / (1 - Math.Pow(0.98, step))) + 1e-8));
            }
        }
        Assert.All(expected.Zip(TinyShapes.Floats(parameters.Parts[0].Values)), pair => Assert.InRange(pair.Second, pair.First - 1e-5, pair.First + 1e-5));
    }

    [Fact]
    public void MomentsInEightBitsLeadNearlyTheSameWay()
    {
        TorchRuntime.Initialize(1);
        float[] exact = Trained(MomentFormat.Float32), coarse = Trained(MomentFormat.Int8), start = Trained(MomentFormat.Float32, steps: 0);
        double moved = Math.Sqrt(start.Zip(exact).Sum(pair => Math.Pow(pair.First - pair.Second, 2)));
        double apart = Math.Sqrt(coarse.Zip(exact).Sum(pair => Math.Pow(pair.First - pair.Second, 2)));
        Assert.InRange(apart / moved, 1e-5, 0.15); // hard on purpose: gradients a hundred times apart in one block

        static float[] Trained(MomentFormat format, int steps = 30)
        {
            using CausalLM model = TinyShapes.Random(TinyShapes.Qwen());
            using var parameters = new FlatParameters(model);
            using var optimizer = new AdamW(parameters, new TrainOptions { Moments = format });
            using var none = no_grad();
            Tensor target = randn(parameters.Count, generator: new Generator(4));
            for (int step = 1; step <= steps; step++)
            {
                using var scope = NewDisposeScope();
                // Gradients of very different sizes side by side, pulling towards a target.
                parameters.Parts[0].Gradients.copy_((parameters.Parts[0].Values - target) * pow(10, arange(parameters.Count).remainder(3)));
                optimizer.Step(step, 0.01);
            }
            return TinyShapes.Floats(parameters.Parts[0].Values);
        }
    }

    [Fact]
    public void ClippingScalesTheWholeGradient()
    {
        TorchRuntime.Initialize(1);
        using CausalLM model = TinyShapes.Random(TinyShapes.Qwen());
        using var parameters = new FlatParameters(model);
        parameters.Parts[0].Gradients.fill_(2);
        double norm = 2 * Math.Sqrt(parameters.Parts[0].Gradients.numel());
        Assert.Equal(norm, parameters.Clip(1), 6);
        Assert.Equal(1 / norm, parameters.GradientScale, 9);
        Assert.Equal(1, parameters.Clip(5), 9); // already small enough
        parameters.ZeroGradients();
        Assert.Equal(1, parameters.GradientScale);
    }

    // The update multiplies clipped gradients as it reads them, and leaves zeros.
    [Theory]
    [InlineData(MomentFormat.Float32)]
    [InlineData(MomentFormat.Int8)]
    public void ClippedGradientsLeadWhereSmallerOnesDo(MomentFormat moments)
    {
        TorchRuntime.Initialize(1);
        float[] clipped = Trained(64, maxNorm: 0.5), small = Trained(2, maxNorm: double.MaxValue);
        Assert.All(clipped.Zip(small), pair => Assert.Equal(pair.First, pair.Second, 1e-6f));

        float[] Trained(float factor, double maxNorm)
        {
            using CausalLM model = TinyShapes.Random(TinyShapes.Qwen());
            using var parameters = new FlatParameters(model);
            using var optimizer = new AdamW(parameters, new TrainOptions { Moments = moments });
            for (int step = 1; step <= 3; step++)
            {
                using var none = no_grad();
                using var scope = NewDisposeScope();
                Tensor gradient = randn(parameters.Count, generator: new Generator((ulong)step));
                parameters.Parts[0].Gradients.copy_(gradient * (factor / gradient.norm() * (maxNorm > factor ? 0.25 : 1)));
                parameters.Clip(maxNorm);
                optimizer.Step(step, 0.01);
                Assert.Equal(0, parameters.Parts[0].Gradients.abs().sum().item<float>());
                Assert.Equal(1, parameters.GradientScale);
            }
            return TinyShapes.Floats(parameters.Parts[0].Values);
        }
    }

    [Fact]
    public void TheLearningRateRisesThenFollowsACosine()
    {
        var schedule = new LearningRateSchedule(1, 10, 110, 0.1);
        Assert.Equal(0.1, schedule.At(1), 9);
        Assert.Equal(1, schedule.At(10), 9);
        Assert.Equal(0.55, schedule.At(60), 9);
        Assert.Equal(0.1, schedule.At(110), 9);
    }
}
