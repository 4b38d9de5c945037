using static TorchSharp.torch;

namespace Distill.Models;

/// <summary>
/// What attention remembers of the tokens it has seen: two tensors a layer, <c>[batch, heads, capacity, width]</c>.
/// Grouped-query attention keeps keys and values; latent attention keeps the compressed latent and the rotated key
/// shared by all heads (DeepSeek-V2, arXiv:2405.04434, section 2.1.2), which is many times smaller.
/// </summary>
public sealed class KVCache : IDisposable
{
    private readonly (Tensor First, Tensor Second)[] layers;
    private readonly int capacity;

    /// <summary>Makes an empty cache.</summary>
    /// <param name="numLayers">Decoder layers.</param>
    /// <param name="capacity">Most tokens a row can hold.</param>
    public KVCache(int numLayers, int capacity)
    {
        layers = new (Tensor, Tensor)[numLayers];
        this.capacity = capacity;
    }

    /// <summary>Tokens held so far, padding included; the same for all rows.</summary>
    public int Length { get; private set; }

    /// <summary>
    /// Puts a layer's new tensors behind those held and returns all of them. Call <see cref="Advance"/> when every layer has.
    /// </summary>
    /// <param name="layer">Index of the layer.</param>
    /// <param name="first"><c>[batch, heads, new, width]</c>.</param>
    /// <param name="second"><c>[batch, heads, new, width]</c>, where heads and width may differ from the first's.</param>
    /// <returns>Views of both, <c>[batch, heads, held + new, width]</c>.</returns>
    public (Tensor First, Tensor Second) Append(int layer, Tensor first, Tensor second)
    {
        layers[layer].First ??= Allocate(first);
        layers[layer].Second ??= Allocate(second);
        return (Put(layers[layer].First, first), Put(layers[layer].Second, second));
    }

    /// <summary>Counts the tokens that every layer has appended.</summary>
    public void Advance(int tokens) => Length += tokens;

    /// <summary>Goes on with these rows only.</summary>
    /// <param name="rows">Row indices, int64 <c>[kept]</c>.</param>
    public void Keep(Tensor rows)
    {
        for (int i = 0; i < layers.Length; i++)
        {
            (Tensor first, Tensor second) = layers[i];
            layers[i] = (first.index_select(0, rows).DetachFromDisposeScope(), second.index_select(0, rows).DetachFromDisposeScope());
            first.Dispose();
            second.Dispose();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach ((Tensor first, Tensor second) in layers)
        {
            first?.Dispose();
            second?.Dispose();
        }
    }

    private Tensor Allocate(Tensor like) =>
        zeros([like.shape[0], like.shape[1], capacity, like.shape[3]], like.dtype, like.device).DetachFromDisposeScope();

    private Tensor Put(Tensor held, Tensor added)
    {
        held.narrow(2, Length, added.shape[2]).copy_(added);
        return held.narrow(2, 0, Length + added.shape[2]);
    }
}
