using Distill.Models;
using Distill.Runs;
using static TorchSharp.torch;

namespace Distill.Training;

/// <summary>Samples that are kept out of training, to see whether the student learns more than its training set.</summary>
public sealed class HeldOut
{
    private readonly TrainOptions _options;
    private readonly IReadOnlyList<IReadOnlyList<TrainingSample>> _rows;
    private readonly long _lossTokens;

    private HeldOut(IReadOnlyList<TrainingSample> samples, TrainOptions options)
    {
        _options = options;
        _rows = Training.Packing.Pack(samples, options, epoch: 0);
        _lossTokens = samples.Sum(sample => (long)sample.LossTokens);
    }

    /// <summary>Divides samples: those whose id falls into the held-out share, whatever their order, and the others.</summary>
    /// <returns>The samples to train on, and the others; null when none are to be held out.</returns>
    /// <exception cref="InputException">One of the two parts would be empty.</exception>
    public static (IReadOnlyList<TrainingSample> Training, HeldOut? HeldOut) Divide(IReadOnlyList<TrainingSample> samples, TrainOptions options)
    {
        if (options.HeldOutShare == 0) return (samples, null);
        ILookup<bool, TrainingSample> parts = samples.ToLookup(sample =>
            new RandomStream(RandomStream.DeriveSeed(options.Seed, "held-out", sample.Id)).NextDouble() < options.HeldOutShare);
        if (!parts.Contains(true) || !parts.Contains(false))
            throw new InputException($"train: held_out_share {options.HeldOutShare} of {samples.Count} samples leaves one part empty", "choose another share, or 0");
        return ([.. parts[false]], new HeldOut([.. parts[true]], options));
    }

    /// <summary>Mean cross-entropy of the held-out samples' counted tokens, in nats.</summary>
    /// <param name="student">The model; left as it was.</param>
    /// <param name="cancellation">Stops between rows.</param>
    public double Loss(CausalLM student, CancellationToken cancellation = default)
    {
        using var none = no_grad();
        student.eval();
        double total = 0;
        foreach (var rows in _rows.Chunk(_options.RowsPerPass))
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            using var batch = PackedBatch.Of(rows, student.Device, chunks: _options.Chunks, head: student.Head.Device);
            Tensor hidden = batch.Chunks is null ? student.Hidden(batch.InputIds, batch.Positions, batch.Mask) : student.Decoder.FinalNorm.Forward(new LayerSurroundings(student, batch).Stream(batch.InputIds));
            total += CausalLoss.Sum(student, hidden, batch);
        }
        student.train();
        return total / _lossTokens;
    }
}
