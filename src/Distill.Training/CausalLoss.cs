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
        Tensor counted = hidden.reshape(-1, hidden.shape[^1]).index_select(0, batch.LossIndex);   // [tokens, hidden]
        Tensor leaf = counted.detach().requires_grad_();
        long chunk = Math.Max(1, LogitsAtOnce / student.Config.VocabSize);
        double total = 0;
        foreach ((Tensor states, Tensor targets) in leaf.split(chunk).Zip(batch.Targets.split(chunk)))
        {
            using var scope = NewDisposeScope();
            Tensor loss = nn.functional.cross_entropy(student.Logits(states), targets, reduction: nn.Reduction.Sum) / lossTokens;
            loss.backward();
            total += loss.item<float>();
        }
        counted.backward([leaf.grad!]);
        return total;
    }
}
