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
    private const long LongestMaskedRow = 512;

    /// <summary>Every query sees the keys up to its own position.</summary>
    public static AttentionMask CausalOnly => new(null, true);

    /// <summary>Every query sees every key: one new token against a cache without padding.</summary>
    public static AttentionMask None => new(null, false);

    /// <summary>Lengths of the documents of each row, which are attended to one by one; null when the rest says it all.</summary>
    public IReadOnlyList<long[]>? Documents { get; private init; }

    /// <summary>
    /// Packed rows: a query sees the keys of its own document up to its own position, so that packing changes nothing. Rows that are one
    /// document take the causal kernel; short rows take a mask; long ones are attended to document by document, because a mask grows with the
    /// square of the length.
    /// </summary>
    /// <param name="lengths">Lengths of the documents of each row, in order, padding counted as one; every row has the same sum.</param>
    /// <param name="device">Where it is used.</param>
    public static AttentionMask WithinDocuments(IReadOnlyList<long[]> lengths, Device device)
    {
        long length = lengths[0].Sum();
        if (lengths.All(row => row.Length == 1)) return CausalOnly;
        if (length > LongestMaskedRow) return DocumentByDocument(lengths);
        long[] documents = [.. lengths.SelectMany(row => row.SelectMany((count, document) => Enumerable.Repeat((long)document, (int)count)))];
        using Tensor numbers = tensor(documents, [lengths.Count, length], device: device);
        using Tensor same = numbers.unsqueeze(1).eq(numbers.unsqueeze(2));
        using Tensor visible = same.logical_and(ones(length, length, ScalarType.Bool, device).tril());
        return new(BiasWhereNot(visible).unsqueeze(1), false);
    }

    /// <summary>The same without a mask, however short the rows are.</summary>
    internal static AttentionMask DocumentByDocument(IReadOnlyList<long[]> lengths) => CausalOnly with { Documents = lengths };

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

    /// <summary>Scaled dot-product attention under this mask; shapes as in <see cref="Aten.ScaledDotProductAttention"/>.</summary>
    /// <param name="query"><c>[batch, heads, queries, width]</c>.</param>
    /// <param name="key"><c>[batch, kv_heads, keys, width]</c>.</param>
    /// <param name="value"><c>[batch, kv_heads, keys, width]</c>.</param>
    /// <param name="scale">Multiplies the scores; null for one over the square root of the width.</param>
    public Tensor Attend(Tensor query, Tensor key, Tensor value, double? scale = null)
    {
        if (query.size(2) == 1 && query.size(1) != key.size(1) && !Causal && Documents is null) return AttendByOne(query, key, value, scale);
        if (Documents is null) return Aten.ScaledDotProductAttention(query, key, value, Bias?.to(query.dtype), Causal, scale);
        Tensor[][] rows = [.. new[] { query, key, value }.Select(all => all.split(1, 0))];
        return cat([.. Documents.Select((lengths, row) =>
        {
            Tensor[][] parts = [.. rows.Select(tensors => tensors[row].split(lengths, 2))];
            return cat([.. lengths.Select((_, document) => Aten.ScaledDotProductAttention(parts[0][document], parts[1][document], parts[2][document], null, causal: true, scale))], 2);
        })], 0);
    }

    /// <summary>The same mask on another device.</summary>
    public AttentionMask To(Device device) => this with { Bias = Bias?.to(device) };

    // One query: the heads that share keys are queries of one head, so that keys and values are neither copied nor read once for each.
    private Tensor AttendByOne(Tensor query, Tensor key, Tensor value, double? scale)
    {
        long[] shape = query.shape;
        Tensor groups = query.reshape(shape[0], key.size(1), shape[1] / key.size(1), shape[3]);
        return Aten.ScaledDotProductAttention(groups, key, value, Bias, causal: false, scale).reshape(shape);
    }

    private static Tensor BiasWhereNot(Tensor visible) =>
        zeros(visible.shape, ScalarType.Float32, visible.device).masked_fill_(visible.logical_not(), float.NegativeInfinity);
}
