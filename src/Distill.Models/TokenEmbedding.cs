using static TorchSharp.torch;

namespace Distill.Models;

/// <summary>A learned vector per token; tied models use the same matrix as their head.</summary>
public sealed class TokenEmbedding : WeightMatrix
{
    /// <summary>Makes an embedding without memory.</summary>
    /// <param name="tokens">Tokens of the vocabulary.</param>
    /// <param name="width">Width of a vector.</param>
    public TokenEmbedding(long tokens, long width)
        : base(nameof(TokenEmbedding), tokens, width) => RegisterComponents();

    /// <summary>Looks tokens up, <c>[batch, seq]</c> int64 to <c>[batch, seq, width]</c>.</summary>
    public Tensor Forward(Tensor inputIds)
    {
        using var scope = NewDisposeScope();
        bool inGraph = is_grad_enabled() && _weight.requires_grad;
        using var none = no_grad();
        Tensor flat = inputIds.reshape(-1).to(_weight.device);
        Tensor vectors = (_stored is null ? _weight.index_select(0, flat) : _stored.Select(flat).to(WrittenGradient.TypeFor(_weight))).to(Device).view([.. inputIds.shape, Columns]);
        if (inGraph) vectors = WrittenGradient.Attach(vectors, null, [_weight], [flat], [], AddToRows);
        return vectors.MoveToOuterDisposeScope();
    }

    // Where the tokens are, instead of a matrix of the embedding's size that is zero elsewhere.
    private Tensor? AddToRows(Tensor gradient, Tensor[] kept)
    {
        Gradient!.index_add_(0, kept[0], gradient.reshape(-1, Columns).to(kept[0].device), 1);
        return null;
    }
}
