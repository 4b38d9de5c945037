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
    public Tensor Forward(Tensor input) => Aten.RmsNorm(input, _weight, _epsilon);
}
