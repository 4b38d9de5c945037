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
    private const int ProbeSize = 1024, ProbeRounds = 12;

    private readonly long _weightFlopsPerToken, _headFlopsPerToken;
    private readonly double _attentionFlopsPerPair;
    private readonly double _peak;

    /// <summary>Measures the machine's peak with a few products of square matrices in 32-bit floats.</summary>
    public TrainingSpeed(CausalLM student)
    {
        ModelConfig config = student.Config;
        bool frozen = student.Projections.Any(item => item.Projection.Adapter is not null);
        int products = frozen ? 4 : 6; // forward and back to the input, and to the weight where it is trained: a multiplication and an addition each
        long weights = student.Projections.Sum(item => item.Projection.Rows * item.Projection.Columns);
        if (config.Mixture is { } mixture) weights -= Unchosen(config, mixture);
        long adapters = student.Projections.Sum(item => item.Projection.Adapter is { } adapter ? adapter.Down.numel() + adapter.Up.numel() : 0);
        _weightFlopsPerToken = (products * weights) + (6 * adapters);
        _headFlopsPerToken = (long)products * config.VocabSize * config.HiddenSize; // only tokens that count pass through the head
        _attentionFlopsPerPair = 6.0 * 2 * config.NumHiddenLayers * config.NumAttentionHeads * config.HeadDim; // scores and mixing, forward and backward
        _peak = Peak(student.Device);
    }

    /// <summary>Share of the peak that a step reached, from 0 to 1.</summary>
    /// <param name="step">What was trained on.</param>
    /// <param name="seconds">How long it took.</param>
    public double Utilization(StepBatches step, double seconds)
    {
        double pairs = step.MicroBatches.SelectMany(rows => rows).SelectMany(row => row).Sum(sample => sample.Length * (sample.Length + 1.0) / 2);
        return ((_weightFlopsPerToken * (double)step.Tokens) + (_headFlopsPerToken * (double)step.LossTokens) + (_attentionFlopsPerPair * pairs)) / seconds / _peak;
    }

    // Experts that a token does not visit take no part in its arithmetic.
    private static long Unchosen(ModelConfig config, MixtureConfig mixture) =>
        (long)(config.NumHiddenLayers - mixture.FirstKDenseReplace) * (mixture.NRoutedExperts - mixture.NumExpertsPerTok) * 3 * mixture.MoeIntermediateSize * config.HiddenSize;

    private static double Peak(Device device)
    {
        using var none = no_grad();
        using var scope = NewDisposeScope();
        Tensor left = ones(ProbeSize, ProbeSize, device: device), right = ones(ProbeSize, ProbeSize, device: device);
        double fastest = double.MaxValue;
        for (int round = 0; round < ProbeRounds; round++)
        {
            long started = Stopwatch.GetTimestamp();
            _ = left.matmul(right)[0, 0].item<float>();
            fastest = Math.Min(fastest, Stopwatch.GetElapsedTime(started).TotalSeconds);
        }
        return 2.0 * ProbeSize * ProbeSize * ProbeSize / fastest;
    }
}
