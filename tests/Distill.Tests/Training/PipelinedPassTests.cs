using Distill.Models;
using Distill.Tests.Models;
using Distill.Training;
using Xunit;
using static TorchSharp.torch;

namespace Distill.Tests.Training;

public sealed class PipelinedPassTests
{
    private const int LossTokens = 40;

    private static readonly IReadOnlyList<TrainingSample>[] Rows =
        [.. Enumerable.Range(0, 8).Select(i => (IReadOnlyList<TrainingSample>)[new TrainingSample((int[])[.. Enumerable.Range(0, 7).Select(j => 1 + ((i * 5) + (j * 3)) % 40)], 2)])];

    private static (double Loss, float[] Gradients) Run(ModelConfig shape, int devices, bool recompute, int microBatches)
    {
        TorchRuntime.Initialize(1);
        using var student = new CausalLM(shape, new DeviceMap(Enumerable.Repeat(CPU, devices)));
        student.InitializeWeights(3);
        using var parameters = new FlatParameters(student);
        double loss = new GradientStep(student, recompute).Add(new StepBatches([.. Rows.Chunk(Rows.Length / microBatches)], LossTokens, 56));
        return (loss, TinyShapes.Floats(parameters.Parts[0].Gradients));
    }

    private static ModelConfig Deep(bool tied) => TinyShapes.Qwen(tied) with { NumHiddenLayers = 5 };

    [Theory]
    [InlineData(2, false, 4)]
    [InlineData(3, false, 8)]
    [InlineData(3, true, 4)]
    [InlineData(5, true, 8)]
    [InlineData(4, false, 2)]  // fewer micro-batches than stages
    [InlineData(8, false, 4)]  // more devices than layers
    public void LossAndGradientsAreThoseOfOneDeviceToTheBit(int devices, bool recompute, int microBatches)
    {
        (double expectedLoss, float[] expected) = Run(Deep(tied: false), 1, recompute: false, microBatches);
        (double loss, float[] gradients) = Run(Deep(tied: false), devices, recompute, microBatches);
        Assert.Equal(expectedLoss, loss);
        Assert.Equal(expected, gradients);
    }

    [Fact]
    public void ATiedEmbeddingCollectsFromBothEnds()
    {
        (double expectedLoss, float[] expected) = Run(Deep(tied: true), 1, recompute: false, 4);
        (double loss, float[] gradients) = Run(Deep(tied: true), 3, recompute: false, 4);
        Assert.Equal(expectedLoss, loss);
        Assert.True(expected.Zip(gradients).Max(pair => Math.Abs(pair.First - pair.Second)) < 1e-6); // summed in another order
    }

    [Fact]
    public void ExpertsAreRoutedTheSame()
    {
        (double expectedLoss, float[] expected) = Run(TinyShapes.DeepSeek(), 1, recompute: false, 4);
        (double loss, float[] gradients) = Run(TinyShapes.DeepSeek(), 3, recompute: true, 4);
        Assert.Equal(expectedLoss, loss);
        Assert.Equal(expected, gradients);
    }

    [Fact]
    public void AFailureInOneStageEndsAllOfThem()
    {
        TorchRuntime.Initialize(1);
        using var student = new CausalLM(Deep(tied: false), new DeviceMap(Enumerable.Repeat(CPU, 3)));
        student.InitializeWeights(3);
        using var parameters = new FlatParameters(student);
        var wrong = new TrainingSample((int[])[1, 2, 48, 3], 1); // no such token
        Assert.ThrowsAny<Exception>(() => new GradientStep(student, recompute: false).Add(new StepBatches([[[wrong]], [[wrong]]], 6, 8)));
    }
}
