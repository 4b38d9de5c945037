using static TorchSharp.torch;

namespace Distill.Training;

/// <summary>The teacher's likeliest tokens at the counted positions of a batch, and the loss and gradient against them.</summary>
public sealed class DistillationTargets : IDisposable
{
    private const double Never = -1e4; // log-probability of an outcome that is not there
    private const double SmallestRest = 1e-9, SmallestProbability = 1e-38;

    private readonly DistillationLoss _loss;
    private readonly Tensor _tokens;           // [tokens, width], int64; where fewer are known, the first again
    private readonly Tensor _present;          // [tokens, width], 1 where a token is known; the first of a row always is
    private readonly Tensor _logProbabilities; // [tokens, width]
    private readonly Tensor _weight;           // [tokens, 1], 0 where nothing is known

    private DistillationTargets(DistillationLoss loss, Tensor tokens, Tensor present, Tensor logProbabilities, Tensor weight) =>
        (_loss, _tokens, _present, _logProbabilities, _weight) = (loss, tokens, present, logProbabilities, weight);

    /// <summary>Lays targets out as tensors.</summary>
    /// <param name="loss">The loss.</param>
    /// <param name="positions">The counted positions: a sample's targets and the index among them, or null where the teacher is not known.</param>
    /// <param name="device">Where the tensors go.</param>
    public static DistillationTargets Of(DistillationLoss loss, IReadOnlyList<(TeacherTargets? Targets, int Index)> positions, Device device)
    {
        int width = Math.Max(1, positions.Max(position => position.Targets?.Width ?? 1));
        long[] tokens = new long[positions.Count * width];
        double[] present = new double[tokens.Length], values = new double[tokens.Length], weights = new double[positions.Count];
        Array.Fill(values, Never);
        for (int row = 0; row < positions.Count; row++)
        {
            int start = row * width, count = 0;
            if (positions[row] is ({ } targets, var index) && index < targets.Length)
            {
                ReadOnlySpan<int> likeliest = targets.Tokens.Span.Slice(index * targets.Width, targets.Width);
                for (int i = 0; i < likeliest.Length && likeliest[i] >= 0; i++, count++)
                    (tokens[start + i], present[start + i], values[start + i]) = (likeliest[i], 1, (double)targets.LogProbabilities.Span[(index * targets.Width) + i]);
            }
            weights[row] = count > 0 ? loss.Weight : 0;
            present[start] = 1;
            for (int i = Math.Max(1, count); i < width; i++) tokens[start + i] = tokens[start];
        }
        return new(loss, tensor(tokens, [positions.Count, width], device: device), Matrix(present, width), Matrix(values, width), Matrix(weights, 1));

        Tensor Matrix(double[] all, int columns) => tensor(all, [positions.Count, columns], device: device);
    }

    /// <summary>Adds the divergence to the cross-entropy of some of the positions.</summary>
    /// <param name="first">The first of them.</param>
    /// <param name="probabilities">The student's probabilities there, <c>[count, vocabulary]</c>; overwritten with the gradient by its logits.</param>
    /// <param name="targets">The tokens that the teacher drew, <c>[count, 1]</c>, int64.</param>
    /// <param name="crossEntropy">Their cross-entropies, <c>[count, 1]</c>.</param>
    /// <returns>Sum of the losses.</returns>
    internal double IntoGradient(long first, Tensor probabilities, Tensor targets, Tensor crossEntropy)
    {
        long count = probabilities.shape[0];
        Tensor tokens = _tokens.narrow(0, first, count), present = _present.narrow(0, first, count), weight = _weight.narrow(0, first, count);
        Tensor listed = probabilities.gather(1, tokens).to(ScalarType.Float64) * present;
        // Summed without the listed tokens, not 1 minus their sum: what is left may be too small for the difference to show.
        probabilities.scatter_(1, tokens, zeros_like(tokens, probabilities.dtype));
        Tensor rest = probabilities.sum(1, keepdim: true, type: ScalarType.Float64).clamp_min(SmallestProbability);

        (Tensor values, Tensor gradient) = Compare(_logProbabilities.narrow(0, first, count), listed, present, rest);
        Tensor scale = weight * (_loss.Temperature * _loss.Temperature), entropyShare = 1 - weight;
        Tensor byListed = ((entropyShare * listed) + (scale * gradient.narrow(1, 0, tokens.shape[1]))) * present;
        // The logarithm of the rest grows with each other token by that token's share of it.
        Tensor byRest = _loss.MissingMass == MissingMass.Other ? entropyShare + (scale * gradient.narrow(1, tokens.shape[1], 1) / rest) : entropyShare;
        probabilities.mul_(byRest.to(probabilities.dtype));
        probabilities.scatter_add_(1, tokens, byListed.to(probabilities.dtype));
        probabilities.scatter_add_(1, targets, (-entropyShare).to(probabilities.dtype));
        return ((entropyShare * crossEntropy) + (scale * values.unsqueeze(1))).sum().item<double>();
    }

    // The divergences [tokens], and their gradients by the logarithms of the student's probabilities of the outcomes. These gradients add up to
    // zero in each row, so that the normalization of the softmax over the vocabulary drops out.
    private (Tensor Values, Tensor Gradient) Compare(Tensor teacher, Tensor listed, Tensor present, Tensor rest)
    {
        Tensor student = listed.clamp_min(SmallestProbability).log() * present + ((1 - present) * Never);
        if (_loss.MissingMass == MissingMass.Other)
        {
            Tensor left = (1 - teacher.exp().sum(1, keepdim: true)).clamp_min(SmallestRest).log();
            (teacher, student) = (cat([teacher, left], 1), cat([student, rest.log()], 1));
        }
        Tensor logP = (teacher / _loss.Temperature).log_softmax(1), logQ = (student / _loss.Temperature).log_softmax(1);
        (Tensor values, Tensor gradient) = Divergence.Of(_loss, logP, logQ);
        return (values, (gradient - (logQ.exp() * gradient.sum(1, keepdim: true))) / _loss.Temperature);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor tensor in (ReadOnlySpan<Tensor>)[_tokens, _present, _logProbabilities, _weight]) tensor.Dispose();
    }
}
