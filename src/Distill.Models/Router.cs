using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Distill.Models;

/// <summary>Picks the experts of each token. Source: DeepSeek-V3, arXiv:2412.19437, equations 12 to 16.</summary>
public sealed class Router : nn.Module
{
    [ComponentName(Name = "weight")] private readonly Parameter _weight;                      // [experts, hidden]
    [ComponentName(Name = "e_score_correction_bias")] private readonly Tensor _correction;    // [experts]

    private readonly MixtureConfig _mixture;
    private readonly long[] _routed;

    /// <summary>Makes a router without bias.</summary>
    public Router(int hidden, MixtureConfig mixture)
        : base(nameof(Router))
    {
        _mixture = mixture;
        _routed = new long[mixture.NRoutedExperts];
        _weight = nn.Parameter(zeros(mixture.NRoutedExperts, hidden));
        _correction = zeros(mixture.NRoutedExperts);
        RegisterComponents();
    }

    /// <summary>Chooses experts for tokens <c>[tokens, hidden]</c>.</summary>
    /// <returns>Expert numbers, int64, and their weights, both <c>[tokens, k]</c>.</returns>
    public (Tensor Chosen, Tensor Weights) Forward(Tensor tokens)
    {
        Tensor scores = nn.functional.linear(tokens, _weight).sigmoid();                       // [tokens, experts]
        Tensor chosen = Choose(scores.detach());
        Tensor weights = scores.gather(1, chosen);
        if (_mixture.NormTopkProb) weights = weights / (weights.sum(1, keepdim: true) + 1e-20);
        return (chosen, weights * _mixture.RoutedScalingFactor);
    }

    private Tensor Choose(Tensor scores)
    {
        Tensor corrected = scores + _correction;
        if (_mixture.NGroup > 1)
        {
            // A group counts as much as its two best experts together; experts outside the chosen groups cannot be picked.
            Tensor grouped = corrected.view(scores.shape[0], _mixture.NGroup, -1);             // [tokens, groups, experts in group]
            Tensor groups = grouped.topk(2, 2).values.sum(2).topk(_mixture.TopkGroup, 1).indexes;
            Tensor closed = ones(grouped.shape[..2], ScalarType.Bool, scores.device).scatter_(1, groups, zeros_like(groups, ScalarType.Bool));
            corrected = grouped.masked_fill(closed.unsqueeze(2), float.NegativeInfinity).view_as(scores);
        }
        return corrected.topk(_mixture.NumExpertsPerTok, 1).indexes;
    }

    /// <summary>Remembers how many tokens each expert got, for <see cref="Rebalance"/>; counted only in training.</summary>
    internal void CountLoad(ReadOnlySpan<long> tokensPerExpert)
    {
        if (!training || !is_grad_enabled()) return; // a layer that is computed twice counts once
        for (int i = 0; i < _routed.Length; i++) _routed[i] += tokensPerExpert[i];
    }

    /// <summary>
    /// Lowers the bias of experts that got more tokens than the mean since the last call and raises the others'
    /// (section 2.1.2, "auxiliary-loss-free routed balancing").
    /// </summary>
    /// <param name="speed">Size of one adjustment; DeepSeek-V3 uses 0.001.</param>
    public void Rebalance(double speed)
    {
        using var none = no_grad();
        double mean = _routed.Average();
        using Tensor direction = tensor([.. _routed.Select(tokens => (float)(speed * Math.Sign(mean - tokens)))], device: _correction.device);
        _correction.add_(direction);
        Array.Clear(_routed);
    }
}
