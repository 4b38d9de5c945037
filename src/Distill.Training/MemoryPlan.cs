using Distill.Models;

namespace Distill.Training;

/// <summary>
/// What a training needs in memory at its peak, in bytes, on one device or on several together: worked out from the shape and the options, checked against
/// measurements (<c>tests/Distill.Benchmarks</c>, <c>training-memory</c>).
/// </summary>
/// <param name="Weights">The model's weights: 32-bit or 16-bit floats, or frozen in their own format.</param>
/// <param name="Gradients">Gradients of the trained values.</param>
/// <param name="Moments">The optimizer's moments, and what 16-bit weights lack to 32-bit originals.</param>
/// <param name="Activations">Results kept for the backward pass of one micro-batch, and what the moment with the most in memory needs on top.</param>
/// <param name="Logits">Logits, later probabilities, of the rows that are at hand at once; none when the most is needed without them.</param>
/// <param name="Process">Runtime and libraries.</param>
public sealed record MemoryPlan(long Weights, long Gradients, long Moments, long Activations, long Logits, long Process)
{
    private const long ProcessBytes = 215_000_000; // .NET, libtorch and the buffers of its matrix products: 203 to 225 MB in trainings of 27 million to 1.5 billion parameters
    private const int FloatBytes = 4;

    /// <summary>Of all of it, what stays in the computer's memory while the model is on a GPU.</summary>
    public long OnCpu { get; init; }

    /// <summary>All of it.</summary>
    public long Total => Weights + Gradients + Moments + Activations + Logits + Process;

    /// <summary>Bytes for a person to read, e.g. <c>4.83 GB</c>.</summary>
    public static string Gigabytes(long bytes) => $"{bytes / 1e9:F2} GB";

    /// <summary>Works it out, for all devices together.</summary>
    /// <param name="config">The student's shape.</param>
    /// <param name="options">The recipe.</param>
    public static MemoryPlan Of(ModelConfig config, TrainOptions options)
    {
        IReadOnlyList<(ModelPart Part, MemoryPlan Plan)> devices = PerDevice(config, options);
        long Sum(Func<MemoryPlan, long> value) => devices.Sum(device => value(device.Plan));
        return new(Sum(plan => plan.Weights), Sum(plan => plan.Gradients), Sum(plan => plan.Moments), Sum(plan => plan.Activations), Sum(plan => plan.Logits), ProcessBytes) { OnCpu = Sum(plan => plan.OnCpu) };
    }

    /// <summary>Works it out for each device that holds layers, first to last: its name and number of layers, and the plan without runtime and libraries.</summary>
    /// <param name="config">The student's shape.</param>
    /// <param name="options">The recipe.</param>
    public static IReadOnlyList<(string Name, int Layers, MemoryPlan Plan)> OfDevices(ModelConfig config, TrainOptions options) =>
        [.. PerDevice(config, options).Zip(options.Device.Split(',', StringSplitOptions.TrimEntries), (device, name) => (name, device.Part.Layers, device.Plan))];

    /// <summary>The same with what each device holds.</summary>
    /// <param name="config">The student's shape.</param>
    /// <param name="options">The recipe.</param>
    internal static IReadOnlyList<(ModelPart Part, MemoryPlan Plan)> PerDevice(ModelConfig config, TrainOptions options) =>
        [.. ModelPart.Of(config, options).Select(part => (part, Of(config, options, part)))];

    private static MemoryPlan Of(ModelConfig config, TrainOptions options, ModelPart part)
    {
        bool lora = options.Method == TrainingMethod.Lora, gpu = options.Device.StartsWith("cuda", StringComparison.Ordinal);
        CheckpointTensor[] tensors = [.. CheckpointTensors.Of(config).Where(tensor => part.Holds(tensor.Name))];
        long parameters = tensors.Sum(Values), trained = lora ? AdapterValues(tensors, options) : parameters;
        long matrices = lora || options.Precision == Precision.Float32 ? 0 : Matrices(tensors).Sum();
        long weights = lora ? FrozenBytes(tensors, options.FrozenWeights) + (trained * FloatBytes) : (parameters * FloatBytes) - (matrices * 2);
        long moments = options.Moments == MomentFormat.Float32 ? trained * 2 * FloatBytes : trained * 2 + (trained / 32);
        if (options.Precision == Precision.BFloat16) moments += matrices * 2;
        long kept = !gpu ? 0 : options.ParametersOnCpu ? weights + (trained * FloatBytes) + moments : options.OptimizerOnCpu ? moments : 0;
        if (options.ParametersOnCpu) weights += VisitingBytes(tensors, part, options, weights / (double)parameters, trained: !lora);
        (long activations, long logits) = ActivationMemory.Peak(config, options, part);
        if (gpu && options is { ActivationsOnCpu: true, Chunks: not null }) kept += ActivationMemory.LayerInputs(config, options, part);
        return new(weights, trained * FloatBytes, moments, activations, logits, 0) { OnCpu = kept };
    }

    /// <summary>Settings that take less and less memory, for the same data.</summary>
    public static IReadOnlyList<(string Name, TrainOptions Options)> Alternatives(TrainOptions options)
    {
        TrainOptions one = options with { MicroBatchSize = 1 }, again = one with { ActivationCheckpointing = true }, lora = one with { Method = TrainingMethod.Lora, Precision = Precision.Float32 };
        (string Name, TrainOptions Options)[] all =
        [
            ("--micro-batch-size 1", one),
            ("--micro-batch-size 1 --activation-checkpointing", again),
            ("--micro-batch-size 1 --activation-checkpointing --moments int8", again with { Moments = MomentFormat.Int8 }),
            ("--micro-batch-size 1 --activation-checkpointing --moments int8 --precision bfloat16-stochastic", again with { Moments = MomentFormat.Int8, Precision = Precision.BFloat16Stochastic }),
            ("--micro-batch-size 1 --method lora --frozen-weights bfloat16", lora with { FrozenWeights = WeightFormat.BFloat16 }),
            ("--micro-batch-size 1 --method lora --frozen-weights int8", lora with { FrozenWeights = WeightFormat.Int8 }),
            ("--micro-batch-size 1 --method lora --frozen-weights int4", lora with { FrozenWeights = WeightFormat.Int4 }),
            ("--micro-batch-size 1 --method lora --frozen-weights int4 --activation-checkpointing", lora with { FrozenWeights = WeightFormat.Int4, ActivationCheckpointing = true }),
        ];
        return options.Method == TrainingMethod.Full ? all : [.. all.Where(other => other.Options.Method == TrainingMethod.Lora)];
    }

    private static long Values(CheckpointTensor tensor) => tensor.Shape.Aggregate(1L, (product, dimension) => product * dimension);

    // Embedding, projections and head; norms, biases and routers stay in 32-bit floats.
    private static IEnumerable<long> Matrices(IEnumerable<CheckpointTensor> tensors, string within = "") => tensors
        .Where(tensor => tensor.Shape.Count == 2 && tensor.Name.StartsWith(within, StringComparison.Ordinal) && !tensor.Name.EndsWith(".gate.weight", StringComparison.Ordinal)).Select(Values);

    // Of matrices in the computer's memory, what is on the device: pieces of one, and where a layer stays for both passes its matrices and the sums of their gradients.
    private static long VisitingBytes(CheckpointTensor[] tensors, ModelPart part, TrainOptions options, double bytesOfOne, bool trained)
    {
        long pieces = 2 * FloatBytes * Math.Min(Matrices(tensors).Max(), WeightMatrix.SliceElsewhere);
        bool stays = options.ActivationCheckpointing || options.Chunks is not null;
        return !stays ? pieces : Math.Max(pieces, (long)(Matrices(tensors, $"model.layers.{part.FirstLayer + part.Layers - 1}.").Sum() * (bytesOfOne + (trained ? FloatBytes : 0))));
    }

    private static long AdapterValues(IEnumerable<CheckpointTensor> tensors, TrainOptions options) => tensors
        .Where(tensor => tensor.Shape.Count == 2 && tensor.Name.StartsWith("model.layers.", StringComparison.Ordinal) && options.LoraTargets.Contains(tensor.Name.Split('.')[^2]))
        .Sum(tensor => options.LoraRank * (tensor.Shape[0] + tensor.Shape[1]));

    private static long FrozenBytes(IEnumerable<CheckpointTensor> tensors, WeightFormat format) => tensors.Sum(tensor => (tensor.Shape.Count, format) switch
    {
        ( < 2, _) or (_, WeightFormat.Float32) => Values(tensor) * 4,
        (_, WeightFormat.BFloat16) => Values(tensor) * 2,
        (_, WeightFormat.Int8) => Values(tensor) * 17 / 16,
        _ => Values(tensor) * 9 / 16,
    });
}
