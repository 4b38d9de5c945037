using static TorchSharp.torch;

namespace Distill.Models;

/// <summary>A learned vector per token; tied models use the same matrix as their head.</summary>
public sealed class TokenEmbedding : WeightMatrix
{
    /// <summary>Makes an embedding whose vectors are still to be loaded or drawn.</summary>
    /// <param name="tokens">Tokens of the vocabulary.</param>
    /// <param name="width">Width of a vector.</param>
    public TokenEmbedding(long tokens, long width)
        : base(nameof(TokenEmbedding), tokens, width) => RegisterComponents();

    /// <summary>Looks tokens up, <c>[batch, seq]</c> int64 to <c>[batch, seq, width]</c>.</summary>
    public Tensor Forward(Tensor inputIds)
    {
        Tensor flat = inputIds.reshape(-1);
        Tensor vectors = _frozen is null ? _weight.index_select(0, flat) : _frozen.Select(flat);
        return vectors.view([.. inputIds.shape, Columns]);
    }
}
