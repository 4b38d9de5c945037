using TorchSharp;
using static TorchSharp.torch;

namespace Distill.Models;

/// <summary>
/// Exact attention of a chunk of a row's queries over all keys up to them, a block of keys at a time: what it needs grows with the chunk and not with the row. What a query
/// draws from one block is put together with what it draws from the others by the logarithms of the sums over both; the backward pass takes each block by itself, with the
/// sums over all of them. Source: Dao, "FlashAttention-2", arXiv:2307.08691; blocks of keys: Liu and others, "Ring attention", arXiv:2310.01889.
/// </summary>
/// <param name="documents">Lengths of the documents of each row: a query sees keys of its own only.</param>
/// <param name="blockSize">Most keys of a block.</param>
/// <param name="scale">Multiplies the scores; null for one over the square root of the width.</param>
internal sealed class BlockAttention(IReadOnlyList<long[]> documents, long blockSize, double? scale)
{
    // Queries of one document in one row, or of all rows where each is one document, and the first of the document's keys.
    private readonly record struct Stretch(long Row, long Rows, long First, long Count, long FirstKey)
    {
        public Tensor Of(Tensor heads, long first, long count) => heads.narrow(0, Row, Rows).narrow(2, first, count);
    }

    /// <summary>Attention of a chunk.</summary>
    /// <param name="query"><c>[batch, heads, chunk, width]</c>.</param>
    /// <param name="key"><c>[batch, kv_heads, seq, width]</c>, filled to the chunk's end.</param>
    /// <param name="value"><c>[batch, kv_heads, seq, width]</c>, filled to the chunk's end.</param>
    /// <param name="first">Position of the chunk's first query.</param>
    /// <param name="mixed">Receives the result, <c>[batch, heads, chunk, width]</c>.</param>
    /// <param name="logSum">Receives the logarithms of the sums that the weights were divided by, <c>[batch, heads, chunk]</c>.</param>
    public void Forward(Tensor query, Tensor key, Tensor value, long first, Tensor mixed, Tensor logSum)
    {
        foreach (Stretch stretch in Stretches(first, query.shape[2]))
        {
            using var scope = NewDisposeScope();
            Tensor some = stretch.Of(query, stretch.First - first, stretch.Count), result = stretch.Of(mixed, stretch.First - first, stretch.Count), sum = stretch.Of(logSum, stretch.First - first, stretch.Count);
            foreach ((long block, long count, bool own) in Blocks(stretch))
            {
                using var blockScope = NewDisposeScope();
                (Tensor part, Tensor partSum) = Attend(some, stretch.Of(key, block, count), stretch.Of(value, block, count), own);
                if (own)
                {
                    result.copy_(part);
                    sum.copy_(partSum);
                    continue;
                }
                Tensor both = logaddexp(sum, partSum);
                result.mul_((sum - both).exp_().unsqueeze(3)).add_(part.mul_((partSum - both).exp_().unsqueeze(3)));
                sum.copy_(both);
            }
        }
    }

    /// <summary>The backward pass of <see cref="Forward"/>.</summary>
    /// <param name="gradient">Gradient of <paramref name="mixed"/>.</param>
    /// <param name="query">As in the forward pass, and so on.</param>
    /// <param name="key">The keys.</param>
    /// <param name="value">The values.</param>
    /// <param name="first">Position of the chunk's first query.</param>
    /// <param name="mixed">The result.</param>
    /// <param name="logSum">The logarithms of the sums.</param>
    /// <param name="keyGradient">The keys' gradient is added to it, <c>[batch, kv_heads, seq, width]</c>.</param>
    /// <param name="valueGradient">The values' gradient is added to it, <c>[batch, kv_heads, seq, width]</c>.</param>
    /// <returns>The queries' gradient.</returns>
    public Tensor Backward(Tensor gradient, Tensor query, Tensor key, Tensor value, long first, Tensor mixed, Tensor logSum, Tensor keyGradient, Tensor valueGradient)
    {
        Tensor queryGradient = zeros_like(query);
        foreach (Stretch stretch in Stretches(first, query.shape[2]))
        {
            using var scope = NewDisposeScope();
            Tensor Part(Tensor chunk) => stretch.Of(chunk, stretch.First - first, stretch.Count);
            (Tensor some, Tensor result, Tensor sum, Tensor resultGradient) = (Part(query), Part(mixed), Part(logSum), Part(gradient));
            foreach ((long block, long count, bool own) in Blocks(stretch))
            {
                using var blockScope = NewDisposeScope();
                (Tensor byQuery, Tensor byKey, Tensor byValue) = AttendBackward(resultGradient, some, stretch.Of(key, block, count), stretch.Of(value, block, count), result, sum, own);
                Part(queryGradient).add_(byQuery);
                stretch.Of(keyGradient, block, count).add_(byKey);
                stretch.Of(valueGradient, block, count).add_(byValue);
            }
        }
        return queryGradient;
    }

    private IEnumerable<Stretch> Stretches(long first, long count)
    {
        if (documents.All(row => row.Length == 1)) return [new(0, documents.Count, first, count, 0)];
        return documents.SelectMany((row, number) =>
        {
            long start = 0;
            return row.Select(length =>
            {
                long begin = Math.Max(start, first), end = Math.Min(start + length, first + count), firstKey = start;
                start += length;
                return new Stretch(number, 1, begin, end - begin, firstKey);
            }).Where(stretch => stretch.Count > 0);
        });
    }

    // The queries' own positions, where each sees those up to itself, then all before them.
    private IEnumerable<(long First, long Count, bool Own)> Blocks(Stretch stretch)
    {
        yield return (stretch.First, stretch.Count, true);
        for (long block = stretch.FirstKey; block < stretch.First; block += blockSize) yield return (block, Math.Min(blockSize, stretch.First - block), false);
    }

    private (Tensor Mixed, Tensor LogSum) Attend(Tensor query, Tensor key, Tensor value, bool causal) =>
        query.device_type == DeviceType.CPU ? Aten.FlashAttention(query, key, value, causal, Scale(query)) : Composed(query, key, value, causal);

    private (Tensor Query, Tensor Key, Tensor Value) AttendBackward(Tensor gradient, Tensor query, Tensor key, Tensor value, Tensor mixed, Tensor logSum, bool causal) =>
        query.device_type == DeviceType.CPU
            ? Aten.FlashAttentionBackward(gradient, query, key, value, mixed, logSum, causal, Scale(query))
            : ComposedBackward(gradient, query, key, value, mixed, logSum, causal);

    /// <summary>The kernel's numbers from libtorch's other operations.</summary>
    internal (Tensor Mixed, Tensor LogSum) Composed(Tensor query, Tensor key, Tensor value, bool causal)
    {
        Tensor scores = Scores(query, ForEachQueryHead(key, query), causal), logSum = scores.logsumexp(-1);
        return (matmul(scores.sub_(logSum.unsqueeze(3)).exp_(), ForEachQueryHead(value, query)), logSum);
    }

    /// <summary>With P the weights, O the result and dO its gradient: dV = Pᵀ dO, dS = P (dO Vᵀ − rowsum(dO · O)), dQ = dS K and dK = dSᵀ Q, times the scale.</summary>
    internal (Tensor Query, Tensor Key, Tensor Value) ComposedBackward(Tensor gradient, Tensor query, Tensor key, Tensor value, Tensor mixed, Tensor logSum, bool causal)
    {
        long keyHeads = key.shape[1];
        (key, value) = (ForEachQueryHead(key, query), ForEachQueryHead(value, query));
        Tensor weights = Scores(query, key, causal).sub_(logSum.unsqueeze(3)).exp_();
        Tensor byValue = matmul(weights.transpose(2, 3), gradient);
        Tensor byScores = matmul(gradient, value.transpose(2, 3)).sub_((gradient * mixed).sum(-1, keepdim: true)).mul_(weights).mul_(Scale(query));
        return (matmul(byScores, key), Together(matmul(byScores.transpose(2, 3), query)), Together(byValue));

        // Query heads that share a key head.
        Tensor Together(Tensor heads) => heads.reshape(heads.shape[0], keyHeads, -1, heads.shape[2], heads.shape[3]).sum([2L]);
    }

    private Tensor Scores(Tensor query, Tensor key, bool causal)
    {
        Tensor scores = matmul(query, key.transpose(2, 3)).mul_(Scale(query));
        return causal ? scores.add_(full([query.shape[2], key.shape[2]], float.NegativeInfinity, scores.dtype, scores.device).triu(1)) : scores;
    }

    private static Tensor ForEachQueryHead(Tensor heads, Tensor query) => heads.shape[1] == query.shape[1] ? heads : heads.repeat_interleave(query.shape[1] / heads.shape[1], 1);

    private double Scale(Tensor query) => scale ?? 1 / Math.Sqrt(query.shape[3]);
}
