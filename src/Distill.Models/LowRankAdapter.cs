using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Distill.Models;

/// <summary>
/// A trained change of a frozen weight, <c>ΔW = scale · B A</c> with few rows in A. Source: Hu and others, "LoRA", arXiv:2106.09685;
/// scale by the root of the rank: Kalajdzievski, "A rank stabilization scaling factor", arXiv:2312.03732.
/// </summary>
public sealed class LowRankAdapter : nn.Module
{
    /// <summary>Name under which a projection holds its adapter.</summary>
    public const string ComponentName = "lora";

    [ComponentName(Name = "A")] private readonly Parameter _down; // [rank, inputs]
    [ComponentName(Name = "B")] private readonly Parameter _up;   // [outputs, rank]

    private readonly double _scale;

    /// <summary>Makes an adapter that changes nothing yet: A is drawn, B is zero.</summary>
    /// <param name="inputs">Width of the input.</param>
    /// <param name="outputs">Width of the output.</param>
    /// <param name="shape">Rank and scale.</param>
    /// <param name="generator">Source of the random numbers.</param>
    public LowRankAdapter(long inputs, long outputs, LowRankShape shape, Generator generator)
        : base(nameof(LowRankAdapter))
    {
        double bound = 1 / Math.Sqrt(inputs); // as PEFT draws it: Kaiming's uniform distribution with a = √5
        using var none = no_grad();
        using Tensor drawn = rand(shape.Rank, inputs, generator: generator);
        _down = nn.Parameter(drawn.mul(2 * bound).sub_(bound));
        _up = nn.Parameter(zeros(outputs, shape.Rank));
        _scale = shape.Scale;
        RegisterComponents();
    }

    /// <summary>Whether a parameter of a model belongs to an adapter.</summary>
    public static bool IsPart(string parameter) => parameter.Contains($".{ComponentName}.", StringComparison.Ordinal);

    /// <summary>A, <c>[rank, inputs]</c>.</summary>
    public Parameter Down => _down;

    /// <summary>B, <c>[outputs, rank]</c>.</summary>
    public Parameter Up => _up;

    /// <summary>What the adapter adds for <c>[..., inputs]</c>: <c>[..., outputs]</c>.</summary>
    public Tensor Forward(Tensor input) => nn.functional.linear(nn.functional.linear(input, _down), _up * _scale);

    /// <summary>The change of the weight, <c>[outputs, inputs]</c>.</summary>
    public Tensor Delta() => _up.matmul(_down) * _scale;
}

/// <summary>Size of adapters.</summary>
/// <param name="Rank">Rows of A.</param>
/// <param name="Alpha">Numerator of the scale.</param>
/// <param name="RankStabilized">Whether the scale is alpha over the root of the rank, else over the rank.</param>
public sealed record LowRankShape(int Rank, double Alpha, bool RankStabilized)
{
    /// <summary>What multiplies B A.</summary>
    public double Scale => Alpha / (RankStabilized ? Math.Sqrt(Rank) : Rank);
}
