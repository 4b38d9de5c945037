using System.Diagnostics.CodeAnalysis;
using static TorchSharp.torch;

namespace Distill.Models;

/// <summary>
/// What attention remembers of the tokens it has seen: two tensors a layer, <c>[batch, heads, tokens, width]</c>, that grow as needed.
/// Grouped-query attention keeps keys and values; latent attention keeps the compressed latent and the rotated key
/// shared by all heads (DeepSeek-V2, arXiv:2405.04434, section 2.1.2), which is many times smaller.
/// </summary>
public sealed class KVCache : IDisposable
{
    private readonly (Tensor? First, Tensor? Second)[] _layers;
    private readonly int _capacity;

    private const int SmallestRoom = 256;

    /// <summary>Makes an empty cache.</summary>
    /// <param name="numLayers">Decoder layers.</param>
    /// <param name="capacity">Most tokens a row can hold.</param>
    public KVCache(int numLayers, int capacity)
    {
        _layers = new (Tensor?, Tensor?)[numLayers];
        _capacity = capacity;
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
        ref (Tensor? First, Tensor? Second) held = ref _layers[layer];
        return (Put(ref held.First, first), Put(ref held.Second, second));
    }

    /// <summary>Counts the tokens that every layer has appended.</summary>
    public void Advance(int tokens) => Length += tokens;

    /// <summary>Goes on with these rows only.</summary>
    /// <param name="rows">Row indices, int64 <c>[kept]</c>.</param>
    public void Keep(Tensor rows)
    {
        using var scope = NewDisposeScope();
        for (int i = 0; i < _layers.Length; i++)
        {
            (Tensor? first, Tensor? second) = _layers[i];
            _layers[i] = (Kept(first, rows), Kept(second, rows));
            first?.Dispose();
            second?.Dispose();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach ((Tensor? first, Tensor? second) in _layers)
        {
            first?.Dispose();
            second?.Dispose();
        }
    }

    // Layers may be on several devices.
    private static Tensor? Kept(Tensor? held, Tensor rows) => held?.index_select(0, rows.to(held.device)).DetachFromDisposeScope();

    private Tensor Put(ref Tensor? held, Tensor added)
    {
        long needed = Length + added.shape[2];
        if (held is null || held.shape[2] < needed) Grow(ref held, added, needed);
        held.narrow(2, Length, added.shape[2]).copy_(added);
        return held.narrow(2, 0, needed);
    }

    private void Grow([NotNull] ref Tensor? held, Tensor like, long needed)
    {
        long room = Math.Min(Math.Max(needed, Math.Max(SmallestRoom, 2 * (held?.shape[2] ?? 0))), Math.Max(needed, _capacity));
        Tensor larger = zeros([like.shape[0], like.shape[1], room, like.shape[3]], like.dtype, like.device).DetachFromDisposeScope();
        if (held is not null)
        {
            larger.narrow(2, 0, Length).copy_(held.narrow(2, 0, Length));
            held.Dispose();
        }
        held = larger;
    }
}
