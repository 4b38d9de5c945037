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
    /// <param name="options">The recipe.</param>
    /// <param name="part">The layers that are meant.</param>
    public static (long Activations, long Logits) Peak(ModelConfig config, TrainOptions options, ModelPart part)
    {
        if (options.Chunks is { } chunks) return InChunks(config, options, part, chunks.Size);
        long tokens = Tokens(options), hidden = config.HiddenSize, layer = KeptOfLayer(config), passing = 2 * FeedForwardWidth(config); // the product of gate and up, and its gradient
        // Each micro-batch that is under way keeps its layers, or what enters them, and what left for the next device. Beside that there is at the loss what enters and leaves
        // the last norm, the rows that count and their gradient; in a layer the gradients that come and go, its output when it was computed again, and what the loss still holds
        // when it was not.
        long waiting = part.UnderWay * (options.ActivationCheckpointing ? part.Layers * hidden : (part.Layers * layer) + (part.IsLast ? 0 : hidden));
        long inLayer = waiting + (options.ActivationCheckpointing ? layer + (2 * hidden) : (part.IsLast ? 5 : 4) * hidden) + passing;
        if (!part.IsLast) return (FloatBytes * inLayer * tokens, 0);
        long atLoss = waiting + (4 * hidden), logits = config.VocabSize * Math.Min(tokens, CausalLoss.RowsAtOnce(config.VocabSize));
        return (atLoss * tokens) + logits > inLayer * tokens ? (FloatBytes * atLoss * tokens, FloatBytes * logits) : (FloatBytes * inLayer * tokens, 0);
    }

    /// <summary>Bytes of what enters the layers.</summary>
    public static long LayerInputs(ModelConfig config, TrainOptions options, ModelPart part) => FloatBytes * part.UnderWay * part.Layers * (long)config.HiddenSize * Tokens(options);

    // Of whole rows there is what enters each layer and what leaves the last, with its gradient; in a layer the gradient behind its attention, keys and values with their gradients, and what
    // the attention gave. The rest is a chunk's.
    private static (long Activations, long Logits) InChunks(ModelConfig config, TrainOptions options, ModelPart part, long size)
    {
        long tokens = Tokens(options), chunk = options.RowsPerPass * Math.Min(size, options.RowLength), hidden = config.HiddenSize;
        long queries = (long)config.NumAttentionHeads * config.HeadDim, keys = (long)config.NumKeyValueHeads * config.HeadDim, rows = ((part.UnderWay * part.Layers) + 2) * hidden * tokens;
        long logits = part.IsLast ? config.VocabSize * Math.Min(Math.Min(tokens, size), CausalLoss.RowsAtOnce(config.VocabSize)) : 0;
        long atLoss = rows + (4 * hidden * Math.Min(tokens, size));
        long inLayer = rows + ((hidden + (4 * keys) + queries + config.NumAttentionHeads) * tokens) + ((KeptOfLayer(config) + (2 * hidden) + (2 * FeedForwardWidth(config))) * chunk);
        return atLoss + logits > inLayer ? (FloatBytes * atLoss, FloatBytes * logits) : (FloatBytes * inLayer, 0);
    }

    private static long Tokens(TrainOptions options) => (long)options.RowsPerPass * options.RowLength;

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
