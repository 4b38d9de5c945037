using static TorchSharp.torch;

namespace Distill.Models;

/// <summary>Which keys a query may look at.</summary>
/// <param name="Bias">
/// Added to the scores: 0 where a query may look, minus infinity where not, <c>[batch, 1, queries, keys]</c>. Null when causality
/// says it all, which takes the fastest kernel.
/// </param>
/// <param name="Causal">Whether a query sees only keys up to its own position; false when <paramref name="Bias"/> contains that.</param>
public readonly record struct AttentionMask(Tensor? Bias, bool Causal)
{
    /// <summary>Every query sees the keys up to its own position.</summary>
    public static AttentionMask CausalOnly => new(null, true);

    /// <summary>Every query sees every key: one new token against a cache without padding.</summary>
    public static AttentionMask None => new(null, false);

    /// <summary>
    /// Packed rows: a query sees the keys of its own document up to its own position, so that packing changes nothing.
    /// </summary>
    /// <param name="documents">Number of the document each token belongs to, <c>[batch, seq]</c>; padding has a number of its own.</param>
    public static AttentionMask WithinDocuments(Tensor documents)
    {
        long length = documents.shape[1];
        using Tensor same = documents.unsqueeze(1).eq(documents.unsqueeze(2));
        using Tensor visible = same.logical_and(ones(length, length, ScalarType.Bool, documents.device).tril());
        return new(BiasWhereNot(visible).unsqueeze(1), false);
    }

    /// <summary>Left-padded rows: a query sees the keys up to its own position, except the padding.</summary>
    /// <param name="padding">Padding tokens at the start of each row, int64 <c>[batch]</c>.</param>
    /// <param name="queries">Queries; they are the last of the keys.</param>
    /// <param name="keys">Keys, padding included.</param>
    public static AttentionMask LeftPadded(Tensor padding, int queries, int keys)
    {
        using Tensor keyIndex = arange(keys, device: padding.device).unsqueeze(0);
        using Tensor queryIndex = arange(keys - queries, keys, device: padding.device).unsqueeze(1);
        using Tensor real = keyIndex.ge(padding.unsqueeze(1)).unsqueeze(1);
        // A padding query would see nothing, and a softmax over nothing is not a number: it may see itself.
        using Tensor visible = real.logical_or(keyIndex.eq(queryIndex)).logical_and(keyIndex.le(queryIndex));
        return new(BiasWhereNot(visible).unsqueeze(1), false);
    }

    /// <summary>The same mask on another device.</summary>
    public AttentionMask To(Device device) => this with { Bias = Bias?.to(device) };

    private static Tensor BiasWhereNot(Tensor visible) =>
        zeros(visible.shape, ScalarType.Float32, visible.device).masked_fill_(visible.logical_not(), float.NegativeInfinity);
}
