using Distill.Models;
using static TorchSharp.torch;

namespace Distill.Training;

/// <summary>
/// Cross-entropy of the next token, with its gradient written out: the logits exist only a few rows at a time and never in a
/// graph. For a row with probabilities p and target y the gradient of the logits is p − onehot(y). Where a batch brings the teacher's distribution,
/// a divergence from it is mixed in (<see cref="DistillationLoss"/>).
/// </summary>
public static class CausalLoss
{
    private const long LogitsAtOnce = 40 << 20;
    private const double SmallestProbability = 1.2e-38; // the smallest normal float: subnormals are flushed to zero

    /// <summary>Computes the loss of a batch and its gradients.</summary>
    /// <param name="student">The model, for its head.</param>
    /// <param name="hidden">Final hidden states, <c>[batch, seq, hidden]</c>.</param>
    /// <param name="batch">What to predict where.</param>
    /// <param name="lossTokens">Tokens that count in the whole update: the loss is their mean, however they are divided.</param>
    /// <returns>This batch's share of the mean loss, in nats per token.</returns>
    public static double Backward(CausalLM student, Tensor hidden, PackedBatch batch, int lossTokens) => Backward(student, hidden, batch, 0, lossTokens);

    /// <summary>Computes the loss of a stretch of a batch's positions and its gradients.</summary>
    /// <param name="student">The model, for its head.</param>
    /// <param name="hidden">Final hidden states of the stretch, <c>[..., hidden]</c>.</param>
    /// <param name="batch">What to predict where.</param>
    /// <param name="first">First position of the stretch among all of the batch, row after row.</param>
    /// <param name="lossTokens">Tokens that count in the whole update.</param>
    /// <returns>The stretch's share of the mean loss, in nats per token.</returns>
    public static double Backward(CausalLM student, Tensor hidden, PackedBatch batch, long first, int lossTokens)
    {
        (long start, long count) = batch.CountedWithin(first, hidden.numel() / hidden.shape[^1]);
        if (count == 0) return 0;
        Tensor counted = Counted(hidden, batch.LossIndex.narrow(0, start, count) - first, batch.Targets.device), allTargets = batch.Targets.narrow(0, start, count);
        Tensor gradient = empty_like(counted, requires_grad: false);
        double total = 0;
        using (no_grad())
        {
            foreach ((long chunk, Tensor states, Tensor targets, Tensor stateGradient, Tensor logits) in Chunks(student, counted.detach(), allTargets, gradient))
            {
                using var scope = NewDisposeScope();
                (Tensor logitGradient, Tensor crossEntropy) = Predict(student, states, targets.unsqueeze(1), logits);
                if (batch.Teacher is { } teacher) total += teacher.IntoGradient(start + chunk, logitGradient, targets.unsqueeze(1), crossEntropy);
                else
                {
                    total += crossEntropy.sum(ScalarType.Float64).item<double>();
                    logitGradient.scatter_add_(1, targets.unsqueeze(1), full_like(crossEntropy, -1));
                }
                logitGradient.div_(lossTokens);
                student.Head.ProductBackward(logitGradient, states, stateGradient, adds: false);
            }
        }
        WrittenGradient.Backpropagate(counted, gradient);
        return total / lossTokens;
    }

    /// <summary>Sum of the cross-entropy over a batch's counted tokens, in nats; for measuring, without gradients.</summary>
    /// <param name="student">The model, for its head.</param>
    /// <param name="hidden">Final hidden states, <c>[batch, seq, hidden]</c>.</param>
    /// <param name="batch">What to predict where.</param>
    public static double Sum(CausalLM student, Tensor hidden, PackedBatch batch)
    {
        if (batch.Targets.shape[0] == 0) return 0;
        using var none = no_grad();
        Tensor counted = Counted(hidden, batch.LossIndex, batch.Targets.device);
        return Chunks(student, counted, batch.Targets, counted).Sum(chunk =>
        {
            using var scope = NewDisposeScope();
            return Predict(student, chunk.States, chunk.Targets.unsqueeze(1), chunk.Logits).CrossEntropy.sum(ScalarType.Float64).item<double>();
        });
    }

    /// <summary>Rows of logits that are at hand at once.</summary>
    internal static long RowsAtOnce(int vocabulary) => Math.Max(1, LogitsAtOnce / vocabulary);

    // [tokens, hidden]: states of the positions whose next token counts, brought from the last layer's device to the head's. A tied head is the embedding, on the first.
    private static Tensor Counted(Tensor hidden, Tensor index, Device head) => hidden.reshape(-1, hidden.shape[^1]).index_select(0, index.to(hidden.device)).to(head);

    private static IEnumerable<(long First, Tensor States, Tensor Targets, Tensor Gradient, Tensor Logits)> Chunks(CausalLM student, Tensor states, Tensor targets, Tensor gradient)
    {
        long chunk = RowsAtOnce(student.Config.VocabSize);
        for (long start = 0; start < targets.shape[0]; start += chunk)
        {
            long count = Math.Min(chunk, targets.shape[0] - start);
            using Scratch logits = Scratch.Take(states, count, student.Config.VocabSize);
            yield return (start, states.narrow(0, start, count), targets.narrow(0, start, count), gradient.narrow(0, start, count), logits.Values);
        }
    }

    // Probabilities [tokens, vocab], in the place of the logits, and the negative logarithms of the targets' [tokens, 1].
    private static (Tensor Probabilities, Tensor CrossEntropy) Predict(CausalLM student, Tensor states, Tensor targets, Tensor logits)
    {
        student.Head.Product(states, logits, adds: false);
        Aten.SoftmaxInPlace(logits);
        return (logits, logits.gather(1, targets).clamp_min(SmallestProbability).log().neg());
    }
}
