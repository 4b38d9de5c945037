using Distill.Models;
using Distill.Training;
using Xunit;
using static TorchSharp.torch;

namespace Distill.Tests.Training;

/// <summary>The memory plan against the bytes that tensors take in real updates. Trainings of real size: <c>tests/Distill.Benchmarks</c>, <c>training-memory</c>.</summary>
[Collection(nameof(AloneCollection))]
public sealed class MeasuredMemoryTests
{
    private static readonly ModelConfig Shape = new()
    {
        Architecture = Architecture.Qwen2,
        VocabSize = 4096,
        HiddenSize = 256,
        IntermediateSize = 704,
        NumHiddenLayers = 6,
        NumAttentionHeads = 4,
        NumKeyValueHeads = 2,
        HeadDim = 64,
        MaxPositionEmbeddings = 4096,
        TieWordEmbeddings = true,
    };

    [Theory]
    [InlineData(2, 512, TrainingMethod.Full, WeightFormat.Float32, false, MomentFormat.Float32)]
    [InlineData(1, 2048, TrainingMethod.Full, WeightFormat.Float32, false, MomentFormat.Float32)]
    [InlineData(2, 1024, TrainingMethod.Full, WeightFormat.Float32, true, MomentFormat.Float32)]
    [InlineData(2, 512, TrainingMethod.Full, WeightFormat.Float32, false, MomentFormat.Int8)]
    [InlineData(2, 512, TrainingMethod.Lora, WeightFormat.BFloat16, false, MomentFormat.Float32)]
    [InlineData(2, 512, TrainingMethod.Lora, WeightFormat.Int8, false, MomentFormat.Float32)]
    [InlineData(2, 1024, TrainingMethod.Lora, WeightFormat.Int4, true, MomentFormat.Float32)]
    public void ThePlanIsWithinATenthOfWhatUpdatesTake(int rows, int length, TrainingMethod method, WeightFormat frozen, bool recompute, MomentFormat moments)
    {
        TorchRuntime.Initialize();
        Assert.SkipUnless(TensorMemory.IsInstalled, "the memory of tensors is counted on Linux and x64 only");
        var options = new TrainOptions
        {
            MicroBatchSize = rows,
            SequenceLength = length,
            Method = method,
            FrozenWeights = frozen,
            ActivationCheckpointing = recompute,
            Moments = moments,
        };
        MemoryPlan plan = MemoryPlan.Of(Shape, options);
        long measured = TensorMemory.PeakOf(() => Update(options, rows, length));
        Assert.InRange((plan.Total - plan.Process) / (double)measured, 0.9, 1.1);
    }

    private static void Update(TrainOptions options, int rows, int length)
    {
        using var scope = NewDisposeScope();
        bool frozen = options.Method == TrainingMethod.Lora;
        using var student = new CausalLM(Shape, CPU, allocate: !frozen);
        if (frozen)
        {
            foreach (WeightMatrix matrix in student.modules().OfType<WeightMatrix>()) matrix.Freeze(options.FrozenWeights, (_, count) => randn(count, matrix.Columns));
            student.AddAdapters([.. options.LoraTargets], options.LoraShape, seed: 1);
        }
        else
        {
            student.InitializeWeights(1);
        }
        using var parameters = new FlatParameters(student);
        using var optimizer = new AdamW(parameters, options);
        var random = new Random(1);
        TrainingSample[][] all = [.. Enumerable.Range(0, rows).Select(_ =>
            new[] { new TrainingSample((int[])[.. Enumerable.Range(0, length).Select(_ => random.Next(Shape.VocabSize))], 1) })];
        var gradients = new GradientStep(student, options.ActivationCheckpointing);
        for (int step = 1; step <= 2; step++)
        {
            gradients.Add(new StepBatches([[.. all]], rows * (length - 1), rows * length));
            parameters.Clip(1);
            optimizer.Step(step, 1e-4);
        }
    }
}
