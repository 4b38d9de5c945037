using Distill.Runs;

namespace Distill.Training;

/// <summary>
/// Stops a training that has gone wrong before the next checkpoint is written over a good one: a loss or gradient that is no
/// number, or a loss far above those before it.
/// </summary>
/// <param name="spikeFactor">How many times the median of the last losses is a spike; 0 lets every number pass.</param>
/// <param name="earlier">Losses before the first that is looked at: a training that is gone on with judges as if it had never stopped.</param>
public sealed class LossWatch(double spikeFactor, IEnumerable<double>? earlier = null)
{
    /// <summary>How many losses the median is taken of.</summary>
    public const int Window = 64;

    private const double SmallestSpike = 1; // nats above the median: a small loss may well double by chance

    private readonly Queue<double> _recent = new((earlier ?? []).TakeLast(Window));

    /// <summary>Looks at a step before its update is applied.</summary>
    /// <exception cref="InputException">The step must not be applied.</exception>
    public void Check(int step, double loss, double gradientNorm, StepBatches batches)
    {
        if (!double.IsFinite(loss) || !double.IsFinite(gradientNorm))
            throw new InputException($"train: the loss is not a number at step {step} (loss {loss}, gradient norm {gradientNorm}; samples {batches.SampleIds})",
                "look at these samples, or go on from the last checkpoint, which is kept, with a lower rate: `--extend --learning-rate`");
        if (spikeFactor > 0 && _recent.Count == Window)
        {
            double median = _recent.Order().ElementAt(Window / 2);
            if (loss > median * spikeFactor && loss > median + SmallestSpike)
                throw new InputException($"train: the loss jumped to {loss:F3} at step {step}, from a median of {median:F3} (samples {batches.SampleIds})",
                    "look at these samples, or go on from the last checkpoint, which is kept: with a lower rate by `--extend --learning-rate`, or through the jump by `--spike-factor 0`");
        }
        _recent.Enqueue(loss);
        if (_recent.Count > Window) _recent.Dequeue();
    }
}
