using System.Diagnostics;
using Distill.Models;
using Distill.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Distill.Benchmarks;

/// <summary>
/// Training steps of real shapes with random weights: model FLOP utilization against the peak of a product of square matrices in the same
/// process, the optimizer's share of a step, and peak resident memory.
/// </summary>
internal sealed class TrainingMeasurement : IMeasurement
{
    public string Name => "training";

    public string Summary => "training steps against the machine's GEMM peak: small | 0.5b | 1.5b-lora [tokens] [steps] [recompute frozen=bfloat16|int8|int4 moments=int8 accumulate=N]";

    public Task RunAsync(string[] arguments)
    {
        string shape = arguments.ElementAtOrDefault(0) ?? "small";
        int length = int.Parse(arguments.ElementAtOrDefault(1) ?? "512"), steps = int.Parse(arguments.ElementAtOrDefault(2) ?? (shape == "small" ? "12" : "3"));
        TorchRuntime.Initialize();
        var options = new TrainOptions
        {
            SequenceLength = length,
            MicroBatchSize = int.Parse(Flag("rows", shape == "small" ? "4" : "1")),
            Method = shape.Contains("lora", StringComparison.Ordinal) ? TrainingMethod.Lora : TrainingMethod.Full,
            FrozenWeights = Enum.Parse<WeightFormat>(Flag("frozen", "BFloat16"), ignoreCase: true),
            ActivationCheckpointing = arguments.Contains("recompute"),
            SequenceChunk = int.Parse(Flag("chunk", "0")),
            Precision = Enum.Parse<Precision>(Flag("precision", "Float32"), ignoreCase: true),
            ParametersOnCpu = arguments.Contains("parameters-on-cpu"),
            Moments = Enum.Parse<MomentFormat>(Flag("moments", "Float32"), ignoreCase: true),
        };
        ModelConfig config = Shape(shape);
        using var student = new CausalLM(config, new DeviceMap(CPU) { MatricesOnCpu = options.ParametersOnCpu }, allocate: options.Method == TrainingMethod.Full, options.TrainedType);
        Fill(student, options);
        using var parameters = new FlatParameters(student);
        using var optimizer = new AdamW(parameters, options);
        StepBatches batches = Batches(config, length, options.MicroBatchSize!.Value, int.Parse(Flag("accumulate", "1")));
        var gradients = new GradientStep(student, options.ActivationCheckpointing, chunks: options.Chunks);
        var speed = new TrainingSpeed(student);
        Console.WriteLine($"{shape}: {config.ParameterCount():N0} parameters, {parameters.Count:N0} trained, {batches.Tokens} tokens a step");
        var best = (Seconds: double.MaxValue, Update: 0.0);
        for (int step = 1; step <= steps; step++)
        {
            long started = Stopwatch.GetTimestamp();
            using var scope = NewDisposeScope();
            double loss = gradients.Add(batches);
            long computed = Stopwatch.GetTimestamp();
            parameters.Clip(1);
            optimizer.Step(step, 1e-4);
            double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds, update = Stopwatch.GetElapsedTime(computed).TotalSeconds;
            if (seconds < best.Seconds) best = (seconds, update);
            Console.WriteLine($"  step {step}: {seconds:F2} s, {batches.Tokens / seconds:F0} tokens/s, {speed.Utilization(batches, seconds):P1} of peak, optimizer and clipping {update / seconds:P1}, loss {loss:F3}");
        }
        double resident = PeakResident();
        speed.MeasurePeak();
        double bytes = BytesOfUpdate(options) * parameters.Count, limit = MemorySpeed(parameters.Parts[0].Gradients);
        Console.WriteLine($"GEMM peak {speed.Peak / 1e9:F0} GFLOP/s; optimizer and clipping {best.Update:F3} s: {bytes / 1e9:F2} GB read and written at {bytes / best.Update / 1e9:F1} GB/s, {bytes / best.Update / limit:P0} of the memory's {limit / 1e9:F1} GB/s");
        Console.WriteLine($"best: {speed.Utilization(batches, best.Seconds):P1} of the GEMM peak, {batches.Tokens / best.Seconds:F0} tokens/s, optimizer and clipping {best.Update / best.Seconds:P1}; peak resident {resident / 1e9:F2} GB, planned {MemoryPlan.Of(config, options).Total / 1e9:F2} GB");
        return Task.CompletedTask;

        string Flag(string name, string otherwise) => arguments.FirstOrDefault(argument => argument.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..] ?? otherwise;
    }

    internal static ModelConfig Shape(string name) => name.Split('-')[0] switch
    {
        "small" => Qwen2(8192, 512, 1408, 8, 8, 2, 64),
        "0.5b" => Qwen2(151_936, 896, 4864, 24, 14, 2, 64),
        "1.5b" => Qwen2(151_936, 1536, 8960, 28, 12, 2, 128),
        "7b" => Qwen2(152_064, 3584, 18_944, 28, 28, 4, 128) with { TieWordEmbeddings = false },
        _ => throw new ArgumentException($"no shape is called {name}"),
    };

    private static ModelConfig Qwen2(int vocabulary, int hidden, int intermediate, int layers, int heads, int keyValueHeads, int width) => new()
    {
        Architecture = Architecture.Qwen2,
        VocabSize = vocabulary,
        HiddenSize = hidden,
        IntermediateSize = intermediate,
        NumHiddenLayers = layers,
        NumAttentionHeads = heads,
        NumKeyValueHeads = keyValueHeads,
        HeadDim = width,
        MaxPositionEmbeddings = 32_768,
        TieWordEmbeddings = true,
        RopeTheta = 1e6,
    };

    // As a checkpoint would fill it: matrices one at a time, frozen ones straight into their small format.
    internal static void Fill(CausalLM student, TrainOptions options)
    {
        using var none = no_grad();
        using var generator = new Generator(1);
        bool frozen = options.Method == TrainingMethod.Lora;
        foreach ((string _, nn.Module module) in student.named_modules())
        {
            if (module is not WeightMatrix matrix) continue;
            if (frozen) matrix.Freeze(options.FrozenWeights, (_, count) => empty(count, matrix.Columns).normal_(0, 0.02, generator));
            else matrix.parameters(recurse: false).First(parameter => parameter.dim() == 2).normal_(0, 0.02, generator);
        }
        if (frozen) student.AddAdapters([.. options.LoraTargets], new LowRankShape(options.LoraRank, options.LoraAlpha, RankStabilized: false), seed: 1);
        TorchRuntime.ReleaseFreeMemory();
    }

    // A value's share of an update: the norm reads gradients; the update reads and writes values, gradients and both moments.
    private static double BytesOfUpdate(TrainOptions options) => 4 + 16 + (options.Moments == MomentFormat.Float32 ? 16 : 4 + (16.0 / 256));

    // Reading and writing large memory in place, as an update does; bytes of both per second, best of five.
    private static double MemorySpeed(Tensor buffer)
    {
        using var none = no_grad();
        using Scalar one = 1.0f;
        return Enumerable.Range(0, 5).Max(_ =>
        {
            long started = Stopwatch.GetTimestamp();
            buffer.mul_(one);
            return 8.0 * buffer.numel() / Stopwatch.GetElapsedTime(started).TotalSeconds;
        });
    }

    internal static StepBatches Batches(ModelConfig config, int length, int rows, int accumulated = 1)
    {
        var random = new Random(1);
        TrainingSample[][] all = [.. Enumerable.Range(0, rows).Select(_ =>
            new[] { new TrainingSample((int[])[.. Enumerable.Range(0, length).Select(_ => random.Next(config.VocabSize))], 1) })];
        return new StepBatches([.. Enumerable.Repeat<TrainingSample[][]>([.. all], accumulated)], accumulated * rows * (length - 1), accumulated * rows * length);
    }

    private static long PeakResident() => File.ReadLines("/proc/self/status")
        .Where(line => line.StartsWith("VmHWM:", StringComparison.Ordinal)).Select(line => long.Parse(new string([.. line.Where(char.IsDigit)])) * 1024).FirstOrDefault();
}
