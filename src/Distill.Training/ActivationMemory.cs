using Distill.Models;

namespace Distill.Training;

/// <summary>
/// What a micro-batch has in memory at the moment when it is most: at the loss, with a piece of the logits, or in the backward pass of the last layer. A
/// count of the tensors that exist then, each of which the forward or backward pass of its layer names.
/// </summary>
internal static class ActivationMemory
{
    private const int FloatBytes = 4;

    /// <summary>Bytes of activations and of logits.</summary>
    /// <param name="config">The student's shape.</param>
    /// <param name="recompute">Whether layers are computed again in the backward pass.</param>
    /// <param name="tokens">Tokens of a micro-batch.</param>
    public static (long Activations, long Logits) Peak(ModelConfig config, bool recompute, long tokens)
    {
        long hidden = config.HiddenSize, layer = KeptOfLayer(config), passing = 2 * FeedForwardWidth(config); // the product of gate and up, and its gradient
        // Beside what is kept: at the loss what enters and leaves the last norm, the rows that count and their gradient; in a layer the gradients that
        // come and go, its output when it was computed again, and what the loss still holds when it was not.
        (long atLoss, long inLayer) = recompute
            ? ((config.NumHiddenLayers * hidden) + (4 * hidden), (config.NumHiddenLayers * hidden) + layer + (2 * hidden) + passing)
            : ((config.NumHiddenLayers * layer) + (4 * hidden), (config.NumHiddenLayers * layer) + (5 * hidden) + passing);
        long logits = config.VocabSize * Math.Min(tokens, CausalLoss.RowsAtOnce(config.VocabSize));
        return (atLoss * tokens) + logits > inLayer * tokens ? (FloatBytes * atLoss * tokens, FloatBytes * logits) : (FloatBytes * inLayer * tokens, 0);
    }

    // Values per token that a layer keeps: inputs and outputs of both norms; queries, keys, values, what is mixed and a sum per head; gate and up.
    private static long KeptOfLayer(ModelConfig config)
    {
        long queries = (long)config.NumAttentionHeads * config.HeadDim, keys = (long)config.NumKeyValueHeads * config.HeadDim;
        return (4 * (long)config.HiddenSize) + (2 * queries) + (2 * keys) + config.NumAttentionHeads + (2 * FeedForwardWidth(config));
    }

    private static long FeedForwardWidth(ModelConfig config) => config.Mixture is { } mixture
        ? Math.Max(config.IntermediateSize, (long)mixture.MoeIntermediateSize * (mixture.NumExpertsPerTok + mixture.NSharedExperts))
        : config.IntermediateSize;
}
