using System.Diagnostics;
using Distill.Models;
using Distill.Training;
using static TorchSharp.torch;

namespace Distill.Benchmarks;

/// <summary>
/// The same training steps, from the same weights on the same tokens, by <c>distill train</c> and by a decoder of PyTorch's stock operations
/// (<see cref="EagerDecoder"/>, the same libtorch, threads and allocator settings), in turns.
/// </summary>
internal sealed class TrainingAgainstEager : IMeasurement
{
    private const double LearningRate = 1e-4;

    public string Name => "training-eager";

    public string Summary => "training steps beside PyTorch's stock operations: small | 0.5b | 1.5b-lora [tokens] [rounds] [steps] [frozen=float32|bfloat16|int8|int4]";

    public Task RunAsync(string[] arguments)
    {
        string shape = arguments.ElementAtOrDefault(0) ?? "small";
        bool small = shape == "small";
        int length = int.Parse(arguments.ElementAtOrDefault(1) ?? "512"), rows = small ? 4 : 1;
        int rounds = int.Parse(arguments.ElementAtOrDefault(2) ?? (small ? "3" : "1")), steps = int.Parse(arguments.ElementAtOrDefault(3) ?? (small ? "5" : "3"));
        WeightFormat frozen = Enum.Parse<WeightFormat>(arguments.FirstOrDefault(argument => argument.StartsWith("frozen=", StringComparison.Ordinal))?[7..] ?? nameof(WeightFormat.Float32), ignoreCase: true); // the peer has the same values in 32 bits
        TorchRuntime.Initialize();
        ModelConfig config = TrainingMeasurement.Shape(shape);
        var options = new TrainOptions { SequenceLength = length, MicroBatchSize = rows, Method = shape.EndsWith("-lora", StringComparison.Ordinal) ? TrainingMethod.Lora : TrainingMethod.Full, FrozenWeights = frozen };
        StepBatches batches = TrainingMeasurement.Batches(config, length, rows);
        var ratios = new List<double>();
        for (int round = 1; round <= rounds; round++)
        {
            (double[] ours, double[] eager, double[] differences) = Round(config, options, batches, length, steps);
            ratios.Add(eager.Min() / ours.Min());
            Console.WriteLine($"  round {round}: ours {ours.Min():F2} s a step, eager {eager.Min():F2} s: {ratios[^1]:F2} times as fast; losses differ by {differences[0]:E1} in the first step, {differences[^1]:E1} in the last");
        }
        Console.WriteLine($"{shape}, {batches.Tokens} tokens a step: {ratios.Order().ElementAt(ratios.Count / 2):F2} times as fast as PyTorch's stock operations (median of {rounds} rounds, {ratios.Min():F2} to {ratios.Max():F2})");
        return Task.CompletedTask;
    }

    private static (double[] Ours, double[] Eager, double[] Differences) Round(ModelConfig config, TrainOptions options, StepBatches batches, int length, int steps)
    {
        double[] seconds = new double[steps], losses = new double[steps], eagerSeconds = new double[steps], eagerLosses = new double[steps];
        EagerDecoder eager;
        using (var student = new CausalLM(config, CPU, allocate: options.Method == TrainingMethod.Full))
        {
            TrainingMeasurement.Fill(student, options);
            eager = new EagerDecoder(student, length, new LowRankShape(options.LoraRank, options.LoraAlpha, RankStabilized: false).Scale, LearningRate);
            using var parameters = new FlatParameters(student);
            using var optimizer = new AdamW(parameters, options with { WeightDecay = 0.01 });
            var gradients = new GradientStep(student, options.ActivationCheckpointing);
            for (int step = 0; step < steps; step++)
            {
                long started = Stopwatch.GetTimestamp();
                using var scope = NewDisposeScope();
                losses[step] = gradients.Add(batches);
                parameters.Clip(1);
                optimizer.Step(step + 1, LearningRate);
                seconds[step] = Stopwatch.GetElapsedTime(started).TotalSeconds;
            }
        }
        TorchRuntime.ReleaseFreeMemory();
        using (eager)
        {
            long[] tokens = [.. batches.MicroBatches[0].SelectMany(row => row[0].Tokens.ToArray()).Select(token => (long)token)];
            using Tensor ids = tensor(tokens, [batches.MicroBatches[0].Count, length]);
            for (int step = 0; step < steps; step++)
            {
                long started = Stopwatch.GetTimestamp();
                eagerLosses[step] = eager.Step(ids);
                eagerSeconds[step] = Stopwatch.GetElapsedTime(started).TotalSeconds;
            }
        }
        TorchRuntime.ReleaseFreeMemory();
        return (seconds, eagerSeconds, [.. losses.Zip(eagerLosses, (one, other) => Math.Abs(one - other))]);
    }
}
