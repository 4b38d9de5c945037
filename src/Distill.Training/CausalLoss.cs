using Distill.Models;
using static TorchSharp.torch;

namespace Distill.Training;

/// <summary>Cross-entropy of the next token.</summary>
public static class CausalLoss
{
    private const long LogitsAtOnce = 16 << 20;

    /// <summary>
    /// Computes the loss of a batch and its gradients. The logits exist only a few rows at a time: the gradient of the hidden
    /// states is collected chunk by chunk and goes through the model once.
    /// </summary>
    /// <param name="student">The model, for its head.</param>
    /// <param name="hidden">Final hidden states, <c>[batch, seq, hidden]</c>.</param>
    /// <param name="batch">What to predict where.</param>
    /// <param name="lossTokens">Tokens that count in the whole update: the loss is their mean, however they are divided.</param>
    /// <returns>This batch's share of the mean loss, in nats per token.</returns>
    public static double Backward(CausalLM student, Tensor hidden, PackedBatch batch, int lossTokens)
    {
        if (batch.Targets.shape[0] == 0) return 0;
        Tensor counted = Counted(hidden, batch);
        Tensor leaf = counted.detach().requires_grad_();
        double total = Chunks(student, leaf, batch).Sum(chunk =>
        {
            using var scope = NewDisposeScope();
            Tensor loss = CrossEntropy(student, chunk) / lossTokens;
            loss.backward();
            return loss.item<float>();
        });
        counted.backward([leaf.grad!]);
        return total;
    }

    /// <summary>Sum of the cross-entropy over a batch's counted tokens, in nats; for measuring, without gradients.</summary>
    /// <param name="student">The model, for its head.</param>
    /// <param name="hidden">Final hidden states, <c>[batch, seq, hidden]</c>.</param>
    /// <param name="batch">What to predict where.</param>
    public static double Sum(CausalLM student, Tensor hidden, PackedBatch batch)
    {
        if (batch.Targets.shape[0] == 0) return 0;
        return Chunks(student, Counted(hidden, batch), batch).Sum(chunk =>
        {
            using var scope = NewDisposeScope();
            return CrossEntropy(student, chunk).item<float>();
        });
    }

    // [tokens, hidden]: states of the positions whose next token counts.
    private static Tensor Counted(Tensor hidden, PackedBatch batch) => hidden.reshape(-1, hidden.shape[^1]).index_select(0, batch.LossIndex);

    private static IEnumerable<(Tensor States, Tensor Targets)> Chunks(CausalLM student, Tensor states, PackedBatch batch)
    {
        long chunk = Math.Max(1, LogitsAtOnce / student.Config.VocabSize);
        return states.split(chunk).Zip(batch.Targets.split(chunk));
    }

    private static Tensor CrossEntropy(CausalLM student, (Tensor States, Tensor Targets) chunk) =>
        nn.functional.cross_entropy(student.Logits(chunk.States), chunk.Targets, reduction: nn.Reduction.Sum);
}
