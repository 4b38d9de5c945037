using Distill.Models;
using Distill.Tests.Models;
using Distill.Training;
using Xunit;
using static TorchSharp.torch;

namespace Distill.Tests.Training;

/// <summary>The divergence through the whole model: packed or not, on one device or several, full or with adapters.</summary>
public sealed class DistillationPassTests
{
    private static readonly DistillationLoss Loss = new(TrainingObjective.ForwardKl, 0.6, 1.5, 0.5, MissingMass.Other);

    // Two samples with the teacher's likeliest tokens, of different widths and one position short, and one without.
    private static readonly TrainingSample[] Samples =
    [
        new((int[])[3, 9, 27, 33, 5, 8], 2) { Teacher = Targets(4, 4) },
        new((int[])[11, 4, 6], 1),
        new((int[])[7, 7, 2, 30, 31, 32, 33, 1], 3) { Teacher = Targets(2, 4) },
        new((int[])[5, 40, 41, 42], 1) { Teacher = Targets(3, 3) },
    ];

    private static int LossTokens => Samples.Sum(sample => sample.LossTokens);

    private static TeacherTargets Targets(int width, int positions) => new(width,
        (int[])[.. Enumerable.Range(0, positions).SelectMany(position => Enumerable.Range(0, width).Select(i => ((position * 7) + (i * 5) + width) % 48))],
        (Half[])[.. Enumerable.Range(0, positions).SelectMany(_ => Enumerable.Range(0, width).Select(i => (Half)(-0.7 - (1.1 * i))))]);

    private static (double Loss, float[] Gradients) Run(IReadOnlyList<IReadOnlyList<TrainingSample>>[] microBatches, int devices = 1, bool recompute = false)
    {
        TorchRuntime.Initialize(1);
        using var student = new CausalLM(TinyShapes.Qwen(tied: false), new DeviceMap(Enumerable.Repeat(CPU, devices)));
        student.InitializeWeights(3);
        using var parameters = new FlatParameters(student);
        double loss = new GradientStep(student, recompute, Loss).Add(new StepBatches(microBatches, LossTokens, 21));
        return (loss, TinyShapes.Floats(parameters.Parts[0].Gradients));
    }

    [Fact]
    public void PackingMicroBatchesAndDevicesChangeNothing()
    {
        (double expected, float[] gradients) = Run([.. Samples.Select(sample => (IReadOnlyList<IReadOnlyList<TrainingSample>>)[[sample]])]);
        Assert.True(gradients.Max(Math.Abs) > 1e-3);
        IReadOnlyList<IReadOnlyList<TrainingSample>> packed = [Samples[..2], Samples[2..]];
        foreach ((double loss, float[] actual) in new[] { Run([packed]), Run([packed], recompute: true), Run([[packed[0]], [packed[1]]]), Run([[packed[0]], [packed[1]]], devices: 2) })
        {
            Assert.Equal(expected, loss, 5);
            Assert.True(gradients.Zip(actual).Max(pair => Math.Abs(pair.First - pair.Second)) < 2e-6);
        }
    }

    [Theory, InlineData("full"), InlineData("lora")]
    public void GradientsAreThoseOfFiniteDifferences(string method)
    {
        using CausalLM student = TinyShapes.Random(TinyShapes.Qwen());
        if (method == "lora") student.AddAdapters(["q_proj", "down_proj"], new LowRankShape(4, 8, false), 5);
        using var parameters = new FlatParameters(student);
        using var scope = NewDisposeScope();
        using var none = no_grad();
        using (Generator generator = new(7))
            if (method == "lora") parameters.Parts[0].Values.add_(randn(parameters.Count, generator: generator) * 0.05);
        Tensor values = parameters.Parts[0].Values, gradients = parameters.Parts[0].Gradients;
        Value();
        float[] analytic = TinyShapes.Floats(gradients);
        var random = new Random(11);
        for (int i = 0; i < 40; i++)
        {
            const float step = 1e-2f;
            long at = random.NextInt64(parameters.Count);
            float before = values[at].item<float>();
            values[at] = before + step;
            double up = Value();
            values[at] = before - step;
            double down = Value();
            values[at] = before;
            double difference = (up - down) / (2 * step);
            Assert.InRange(analytic[at], difference - 2e-3 - (0.02 * Math.Abs(difference)), difference + 2e-3 + (0.02 * Math.Abs(difference)));
        }

        double Value()
        {
            using var on = enable_grad();
            using var inner = NewDisposeScope();
            return new GradientStep(student, recompute: false, Loss).Add(new StepBatches([[Samples]], LossTokens, 21));
        }
    }
}
