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

    /// <summary>Adds <c>scale · x Aᵀ Bᵀ</c> for x <c>[rows, inputs]</c> to <c>[rows, outputs]</c>, without a graph.</summary>
    internal void AddProduct(Tensor output, Tensor input)
    {
        using var scope = NewDisposeScope();
        output.addmm_(input.mm(_down.t()), _up.t(), beta: 1, alpha: (float)_scale);
    }

    /// <summary>The backward pass of <see cref="AddProduct"/>: adds to the gradients of A and B, and to that of the input, if there is one.</summary>
    internal void ProductBackward(Tensor outputGradient, Tensor input, Tensor? inputGradient)
    {
        using var scope = NewDisposeScope();
        Tensor narrow = input.mm(_down.t()), narrowGradient = outputGradient.mm(_up); // [rows, rank] each
        WrittenGradient.GradientOf(_up).addmm_(outputGradient.t(), narrow, beta: 1, alpha: (float)_scale);
        WrittenGradient.GradientOf(_down).addmm_(narrowGradient.t(), input, beta: 1, alpha: (float)_scale);
        inputGradient?.addmm_(narrowGradient, _down, beta: 1, alpha: (float)_scale);
    }

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
