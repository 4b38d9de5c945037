using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Distill.Models;

/// <summary>How long rows are computed: a chunk of positions at a time.</summary>
/// <param name="Size">Positions of a chunk.</param>
/// <param name="KeptOnCpu">Whether layers' inputs wait for the backward pass in the computer's memory.</param>
public sealed record SequenceChunks(long Size, bool KeptOnCpu = false)
{
    /// <summary>Lengths of the documents of each row of a batch, padding counted as one.</summary>
    public IReadOnlyList<long[]> Documents { get; init; } = [];
}

/// <summary>
/// A decoder layer over long rows. Kept for the backward pass is the layer's input alone; then the layer is computed again. Both times norms, projections and the
/// feed-forward part work on one chunk of positions at a time, and its queries look at all keys before them (<see cref="BlockAttention"/>). Of the whole row there are keys
/// and values, and in the backward pass their gradients, what the attention gave, and the gradient of the residual stream. The numbers are those of the whole row but for the order
/// of additions.
/// </summary>
public sealed class ChunkedLayer
{
    private readonly DecoderLayer _layer;
    private readonly Tensor _turns;
    private readonly SequenceChunks _chunks;
    private readonly BlockAttention _attention;

    private ChunkedLayer(DecoderLayer layer, Tensor turns, SequenceChunks chunks)
    {
        (_layer, _turns, _chunks) = (layer, turns, chunks);
        _attention = new BlockAttention(chunks.Documents, chunks.Size, layer.AttentionScale);
    }

    /// <summary>Passes the residual stream through a layer, <c>[batch, seq, hidden]</c> in and out.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="stream">The stream.</param>
    /// <param name="turns">Rotary turns at the tokens' positions; they must live until the backward pass.</param>
    /// <param name="chunks">How the rows are divided.</param>
    public static Tensor Forward(DecoderLayer layer, Tensor stream, Tensor turns, SequenceChunks chunks)
    {
        Parameter[] trained = is_grad_enabled() ? [.. layer.parameters().Where(parameter => parameter.requires_grad)] : [];
        bool inGraph = trained.Length > 0 || (is_grad_enabled() && stream.requires_grad);
        using var scope = NewDisposeScope();
        using var none = no_grad();
        var computed = new ChunkedLayer(layer, turns, chunks);
        Tensor output = computed.Forward(stream);
        if (inGraph)
        {
            bool goesOn = stream.requires_grad;
            output = WrittenGradient.Attach(output, stream, trained, [chunks.KeptOnCpu ? stream.cpu() : stream], [], (gradient, kept) => computed.Backward(gradient, kept[0].to(gradient.device), goesOn));
        }
        return output.MoveToOuterDisposeScope();
    }

    private Tensor Forward(Tensor stream)
    {
        using var visit = new LayerVisit(_layer);
        Tensor output = empty_like(stream);
        Row? row = null;
        foreach ((long first, long count) in Chunks(stream))
        {
            using var scope = NewDisposeScope();
            Tensor part = stream.narrow(1, first, count), mixed = Attend(stream, first, count, ref row, keepsAll: false).Mixed;
            output.narrow(1, first, count).copy_(_layer.Transform(_layer.Mix(part, mixed)));
        }
        return output;
    }

    private Tensor? Backward(Tensor gradient, Tensor stream, bool goesOn)
    {
        using var visit = new LayerVisit(_layer);
        // The feed-forward part, first chunk to last; what is gained is the gradient behind the attention.
        Tensor middleGradient = empty_like(stream);
        Row? computed = null;
        foreach ((long first, long count) in Chunks(stream))
        {
            using var scope = NewDisposeScope();
            Tensor middle = _layer.Mix(stream.narrow(1, first, count), Attend(stream, first, count, ref computed, keepsAll: true).Mixed).detach().requires_grad_();
            using (enable_grad()) WrittenGradient.Backpropagate((_layer.Transform(middle), gradient.narrow(1, first, count)));
            middleGradient.narrow(1, first, count).copy_(middle.grad!);
        }

        // The attention, last chunk to first: the keys of a chunk have all their gradients when all later queries have been there.
        Row row = computed!;
        Tensor keyGradient = zeros_like(row.Keys), valueGradient = zeros_like(row.Values);
        foreach ((long first, long count) in Chunks(stream).Reverse())
        {
            using var scope = NewDisposeScope();
            Tensor part = stream.narrow(1, first, count).detach(), partGradient = middleGradient.narrow(1, first, count);
            if (goesOn) part.requires_grad_();
            Tensor mixed = row.Mixed.narrow(2, first, count).detach().requires_grad_();
            AttentionHeads heads;
            using (enable_grad())
            {
                heads = _layer.Heads(part, _turns.narrow(1, first, count));
                WrittenGradient.Backpropagate((_layer.Mix(part, mixed), partGradient));
            }
            Tensor queryGradient = _attention.Backward(mixed.grad!, heads.Query.detach(), row.Keys, row.Values, first, mixed.detach(), row.LogSums.narrow(2, first, count), keyGradient, valueGradient);
            WrittenGradient.Backpropagate((heads.Query, queryGradient), (heads.Key, keyGradient.narrow(2, first, count)), (heads.Value, valueGradient.narrow(2, first, count)));
            if (goesOn) partGradient.copy_(part.grad!);
        }
        return goesOn ? middleGradient : null;
    }

    // Adds a chunk's keys and values to the row's, and lets its queries look at all that are there.
    private (Tensor Mixed, Tensor LogSum) Attend(Tensor stream, long first, long count, ref Row? row, bool keepsAll)
    {
        AttentionHeads heads = _layer.Heads(stream.narrow(1, first, count), _turns.narrow(1, first, count));
        row ??= new Row(heads, stream.shape[1], keepsAll ? stream.shape[1] : Math.Min(_chunks.Size, stream.shape[1]));
        row.Keys.narrow(2, first, count).copy_(heads.Key);
        row.Values.narrow(2, first, count).copy_(heads.Value);
        long place = keepsAll ? first : 0;
        Tensor mixed = row.Mixed.narrow(2, place, count), logSum = row.LogSums.narrow(2, place, count);
        _attention.Forward(heads.Query, row.Keys, row.Values, first, mixed, logSum);
        return (mixed, logSum);
    }

    private IEnumerable<(long First, long Count)> Chunks(Tensor stream)
    {
        for (long first = 0; first < stream.shape[1]; first += _chunks.Size) yield return (first, Math.Min(_chunks.Size, stream.shape[1] - first));
    }

    // Keys and values [batch, kv_heads, seq, width]; what the attention gave, and the logarithms of its sums, [batch, heads, positions, width] and [batch, heads, positions].
    private sealed class Row(AttentionHeads like, long length, long mixedLength)
    {
        public Tensor Keys { get; } = Of(like.Key, length);

        public Tensor Values { get; } = Of(like.Value, length);

        public Tensor Mixed { get; } = Of(like.Query, mixedLength);

        public Tensor LogSums { get; } = like.Query.new_empty([like.Query.shape[0], like.Query.shape[1], mixedLength]).MoveToOuterDisposeScope();

        // Beyond the chunk in which it is made.
        private static Tensor Of(Tensor heads, long length) => heads.new_empty([heads.shape[0], heads.shape[1], length, heads.shape[3]]).MoveToOuterDisposeScope();
    }
}
