using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Distill.Models;

/// <summary>
/// Mixture of experts: every token goes through the shared experts and through the few routed ones that its router picks.
/// Balance is kept without an auxiliary loss, by a bias that counts in the choice and not in the weight.
/// Source: DeepSeek-V3, arXiv:2412.19437, section 2.1.2.
/// </summary>
public sealed class MixtureOfExperts : FeedForward
{
    [ComponentName(Name = "gate")] private readonly Router _router;
    [ComponentName(Name = "experts")] private readonly ModuleList<SwiGlu> _experts;
    [ComponentName(Name = "shared_experts")] private readonly SwiGlu _shared;

    /// <summary>Makes the experts of one layer.</summary>
    public MixtureOfExperts(ModelConfig config)
        : base(nameof(MixtureOfExperts))
    {
        MixtureConfig mixture = config.Mixture!;
        _router = new Router(config.HiddenSize, mixture);
        _experts = nn.ModuleList([.. Enumerable.Range(0, mixture.NRoutedExperts).Select(_ => new SwiGlu(config.HiddenSize, mixture.MoeIntermediateSize))]);
        _shared = new SwiGlu(config.HiddenSize, mixture.MoeIntermediateSize * mixture.NSharedExperts);
        RegisterComponents();
    }

    /// <summary>The router, whose bias training adjusts.</summary>
    public Router Router => _router;

    /// <inheritdoc/>
    public override Tensor Forward(Tensor input)
    {
        Tensor tokens = input.reshape(-1, input.shape[^1]);                       // [tokens, hidden]
        (Tensor chosen, Tensor weights) = _router.Forward(tokens);                 // [tokens, k] each

        // Sort the (token, expert) pairs by expert, so that each expert sees one run of rows.
        Tensor expertOfPair = chosen.reshape(-1);
        Tensor order = expertOfPair.argsort();
        Tensor tokenOfPair = order.div(chosen.shape[1], RoundingMode.floor);
        long[] load = expertOfPair.bincount(null, _experts.Count).cpu().data<long>().ToArray();
        _router.CountLoad(load);

        Tensor[] runs = tokens.index_select(0, tokenOfPair).split(load, 0);
        Tensor[] outputs = [.. runs.Zip(_experts).Where(pair => pair.First.shape[0] > 0).Select(pair => pair.Second.Forward(pair.First))];
        Tensor weighted = cat(outputs, 0) * weights.reshape(-1).index_select(0, order).unsqueeze(1);
        Tensor routed = zeros_like(tokens).index_add(0, tokenOfPair, weighted, 1);
        return (routed + _shared.Forward(tokens)).view_as(input);
    }
}
