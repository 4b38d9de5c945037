using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Distill.Models;

/// <summary>Divides by the root of the mean square and scales each component. Source: Zhang and Sennrich, arXiv:1910.07467.</summary>
public sealed class RmsNorm : nn.Module
{
    [ComponentName(Name = "weight")] private readonly Parameter _weight;

    private readonly double _epsilon;

    /// <summary>Makes a norm that changes nothing but the length: all scales are one.</summary>
    public RmsNorm(int width, double epsilon)
        : base(nameof(RmsNorm))
    {
        _weight = nn.Parameter(ones(width));
        _epsilon = epsilon;
        RegisterComponents();
    }

    /// <summary>Normalizes the last dimension of <c>[..., width]</c>.</summary>
    public Tensor Forward(Tensor input)
    {
        bool inGraph = is_grad_enabled() && (input.requires_grad || _weight.requires_grad);
        using var scope = NewDisposeScope();
        using var none = no_grad();
        Tensor output = Aten.RmsNorm(input, _weight, _epsilon);
        if (inGraph)
        {
            bool goesOn = input.requires_grad;
            output = WrittenGradient.Attach(output, input, _weight.requires_grad ? [_weight] : [], [input], [], (gradient, kept) => Backward(gradient, kept[0], goesOn));
        }
        return output.MoveToOuterDisposeScope();
    }

    // With r = 1 / root of the mean square and n = x r: y = n w, dx = r (g − n mean(g n)), g = dy w.
    private Tensor? Backward(Tensor gradient, Tensor input, bool goesOn)
    {
        Tensor scale = input.square().mean([-1], keepdim: true).add_(_epsilon).rsqrt_(), normal = input * scale;
        if (_weight.requires_grad) WrittenGradient.GradientOf(_weight).add_((gradient * normal).view(-1, input.shape[^1]).sum([0L]));
        if (!goesOn) return null;
        Tensor scaled = gradient * _weight;
        Tensor share = (scaled * normal).mean([-1], keepdim: true);
        return scaled.sub_(normal.mul_(share)).mul_(scale);
    }
}
