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
}
