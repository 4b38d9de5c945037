using System.Diagnostics;
using Distill.Models;
using static TorchSharp.torch;

namespace Distill.Training;

/// <summary>
/// How much of the machine a training uses: the arithmetic that the model needs over what the machine can do
/// (model FLOP utilization, PaLM, arXiv:2204.02311, appendix B). Recomputed activations do not count as needed.
/// </summary>
public sealed class TrainingSpeed
{
    private const int ProbeRounds = 6;

    // Trainings of 27 million to 1.5 billion parameters reached 0.65 to 0.72 on a CPU; much smaller models spend their time between the products.
    private const double UsualShare = 0.65;
    private const long SmallestEstimated = 20_000_000;

    // Products as models have them: rows, inputs, outputs. Square ones and flat ones are fastest on different machines.
    private static readonly (long Rows, long Inputs, long Outputs)[] Probes = [(1024, 1024, 1024), (2048, 512, 1408)];

    private readonly long _weightFlopsPerToken, _headFlopsPerToken, _parameters;
    private readonly int _products;
    private readonly double _attentionFlopsPerPair;
    private readonly Device _device;

    /// <summary>Measures the machine's peak with a few products in 32-bit floats.</summary>
    public TrainingSpeed(CausalLM student)
    {
        ModelConfig config = student.Config;
        bool frozen = student.Projections.Any(item => item.Projection.Adapter is not null);
        _products = frozen ? 4 : 6; // forward and back to the input, and to the weight where it is trained: a multiplication and an addition each
        long weights = student.Projections.Sum(item => item.Projection.Rows * item.Projection.Columns);
        if (config.Mixture is { } mixture) weights -= Unchosen(config, mixture);
        long adapters = student.Projections.Sum(item => item.Projection.Adapter is { } adapter ? adapter.Down.numel() + adapter.Up.numel() : 0);
        _weightFlopsPerToken = (_products * weights) + (6 * adapters);
        _headFlopsPerToken = (long)_products * config.VocabSize * config.HiddenSize; // only tokens that count pass through the head
        _attentionFlopsPerPair = 6.0 * 2 * config.NumHiddenLayers * config.NumAttentionHeads * config.HeadDim; // scores and mixing, forward and backward
        _device = student.Device;
        _parameters = config.ParameterCount();
        MeasurePeak();
    }

    /// <summary>The most that a product reached so far, in floating-point operations per second.</summary>
    public double Peak { get; private set; }

    /// <summary>Share of the peak that a step reached, from 0 to 1.</summary>
    /// <param name="step">What was trained on.</param>
    /// <param name="seconds">How long it took.</param>
    public double Utilization(StepBatches step, double seconds)
    {
        double reached = Flops(step.MicroBatches.SelectMany(rows => rows).SelectMany(row => row)) / seconds;
        if (reached > Peak) MeasurePeak(); // something else had the machine when it was measured
        return reached / Peak;
    }

    /// <summary>About how long a pass over samples will take, in seconds, from what trainings usually reach; null for models too small to tell.</summary>
    /// <param name="samples">The samples.</param>
    /// <param name="recomputed">Whether layers are computed again in the backward pass.</param>
    public double? Estimate(IReadOnlyList<TrainingSample> samples, bool recomputed) =>
        _parameters < SmallestEstimated ? null : Flops(samples) * (recomputed ? (_products + 2.0) / _products : 1) / (UsualShare * Peak);

    private double Flops(IEnumerable<TrainingSample> samples) => samples.Sum(sample =>
        (_weightFlopsPerToken * (double)sample.Length) + (_headFlopsPerToken * (double)sample.LossTokens) + (_attentionFlopsPerPair * sample.Length * (sample.Length + 1.0) / 2));

    /// <summary>Measures the peak again; the larger of the two counts.</summary>
    public void MeasurePeak()
    {
        using var none = no_grad();
        using var scope = NewDisposeScope();
        foreach ((long rows, long inputs, long outputs) in Probes)
        {
            // The result has its memory before: touching new memory takes as long as the product itself.
            Tensor left = ones(rows, inputs, device: _device), right = ones(inputs, outputs, device: _device), product = ones(rows, outputs, device: _device);
            for (int round = 0; round < ProbeRounds; round++)
            {
                long started = Stopwatch.GetTimestamp();
                _ = product.addmm_(left, right, beta: 0, alpha: 1)[0, 0].item<float>();
                Peak = Math.Max(Peak, 2.0 * rows * inputs * outputs / Stopwatch.GetElapsedTime(started).TotalSeconds);
            }
        }
    }

    // Experts that a token does not visit take no part in its arithmetic.
    private static long Unchosen(ModelConfig config, MixtureConfig mixture) =>
        (long)(config.NumHiddenLayers - mixture.FirstKDenseReplace) * (mixture.NRoutedExperts - mixture.NumExpertsPerTok) * 3 * mixture.MoeIntermediateSize * config.HiddenSize;
}
