using static TorchSharp.torch;

namespace Distill.Models;

/// <summary>A layer's attention.</summary>
/// <param name="name">Name for error messages.</param>
public abstract class Attention(string name) : nn.Module(name)
{
    /// <summary>Mixes information between positions.</summary>
    /// <param name="input">Normalized residual stream, <c>[batch, seq, hidden]</c>.</param>
    /// <param name="turns">Rotary turns at the tokens' positions, <c>[batch, seq, rotated / 2]</c>, complex.</param>
    /// <param name="mask">Which keys a query may look at.</param>
    /// <param name="cache">Cache to read and extend, or null when the input is all there is.</param>
    /// <returns><c>[batch, seq, hidden]</c>.</returns>
    public abstract Tensor Forward(Tensor input, Tensor turns, AttentionMask mask, KVCache? cache);

    /// <summary>What scores are multiplied by; null for one over the square root of a head's width.</summary>
    internal virtual double? Scale => null;

    /// <summary>The first half of <see cref="Forward"/> without a cache: all that is done before positions meet.</summary>
    internal abstract AttentionHeads Heads(Tensor input, Tensor turns);

    /// <summary>The last: from what each head has mixed, <c>[batch, heads, seq, width]</c>, to <c>[batch, seq, hidden]</c>.</summary>
    internal abstract Tensor Output(Tensor mixed);
}

/// <summary>Heads of one layer, rotated.</summary>
/// <param name="Query"><c>[batch, heads, seq, width]</c>.</param>
/// <param name="Key"><c>[batch, kv_heads, seq, width]</c>.</param>
/// <param name="Value"><c>[batch, kv_heads, seq, width]</c>.</param>
internal readonly record struct AttentionHeads(Tensor Query, Tensor Key, Tensor Value);
