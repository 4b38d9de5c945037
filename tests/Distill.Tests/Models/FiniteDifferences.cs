using Distill.Models;
using TorchSharp;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace Distill.Tests.Models;

/// <summary>
/// Gradients against finite differences in double precision: <c>(f(x − 2h) − 8 f(x − h) + 8 f(x + h) − f(x + 2h)) / 12h</c>, which is off by h⁴. Whatever has a
/// backward pass of its own is held to a relative error of 1e-6.
/// </summary>
internal static class FiniteDifferences
{
    private const double Step = 1e-3, Tolerance = 1e-6, Vanishing = 1e-5;

    private static readonly (double At, double Weight)[] Stencil = [(-2, 1.0 / 12), (-1, -8.0 / 12), (1, 8.0 / 12), (2, -1.0 / 12)];

    /// <summary>A value and the gradient that was computed for it.</summary>
    public sealed record Checked(string Name, Tensor Values, Tensor Gradient);

    /// <summary>Gives a module double precision and fresh weights, each of them of a size that shows.</summary>
    public static T Prepared<T>(T module, ulong seed = 1, double deviation = 0.4)
        where T : nn.Module
    {
        TorchRuntime.Initialize(1);
        foreach (WeightMatrix matrix in module.modules().Prepend(module).OfType<WeightMatrix>().Where(matrix => !matrix.IsFrozen && matrix.Weight.numel() == 0)) matrix.Allocate();
        module.to(ScalarType.Float64);
        using var none = no_grad();
        using var generator = new Generator(seed);
        foreach (Parameter parameter in module.parameters())
        {
            if (parameter.numel() > 0) parameter.normal_(parameter.dim() == 1 ? 1 : 0, deviation, generator);
        }
        return module;
    }

    /// <summary>Random numbers that are trained.</summary>
    public static Tensor Leaf(ulong seed, params long[] shape) => Random(seed, shape).requires_grad_();

    /// <summary>Random numbers.</summary>
    public static Tensor Random(ulong seed, params long[] shape)
    {
        using var generator = new Generator(seed);
        return randn(shape, ScalarType.Float64, generator: generator);
    }

    /// <summary>The parameters that a backward pass must have given gradients, and leaves of the graph. Experts that no token visits have none.</summary>
    public static IReadOnlyList<Checked> Trained(nn.Module? module, params (string Name, Tensor Leaf)[] leaves) =>
        [.. (module?.named_parameters() ?? []).Where(item => item.parameter.requires_grad && (item.parameter.grad is not null || !item.name.Contains(".experts.", StringComparison.Ordinal))).Select(item => new Checked(item.name, item.parameter, item.parameter.grad!)),
            .. leaves.Select(item => new Checked(item.Name, item.Leaf, item.Leaf.grad!))];

    /// <summary>Compares the gradients of a layer, by a random weighted sum of what it puts out, value by value.</summary>
    public static void HoldForLayer(nn.Module? module, Func<Tensor> output, params (string Name, Tensor Leaf)[] leaves)
    {
        using var scope = NewDisposeScope();
        Tensor result = output(), weights = Random(99, result.shape);
        WrittenGradient.Backpropagate(result, weights);
        HoldForEachValue(() => (output() * weights).sum().item<double>(), Trained(module, leaves));
    }

    /// <summary>Compares value by value; a difference counts against the largest of a tensor's gradients.</summary>
    public static void HoldForEachValue(Func<double> function, IReadOnlyList<Checked> all)
    {
        Assert.NotEmpty(all);
        using var none = no_grad();
        foreach ((string name, Tensor values, Tensor gradient) in all)
        {
            using Tensor flat = values.view(-1);
            var memory = flat.data<double>();
            double[] expected = new double[values.numel()], actual = [.. gradient.contiguous().data<double>()];
            for (int i = 0; i < expected.Length; i++)
            {
                double before = memory[i];
                foreach ((double at, double weight) in Stencil)
                {
                    using var scope = NewDisposeScope();
                    memory[i] = before + (at * Step);
                    expected[i] += weight * function() / Step;
                }
                memory[i] = before;
            }
            double largest = expected.Max(Math.Abs);
            Assert.True(largest > Vanishing, $"{name}: no gradient to speak of");
            for (int i = 0; i < expected.Length; i++)
                Assert.True(Math.Abs(actual[i] - expected[i]) <= Tolerance * largest, $"{name}[{i}]: {actual[i]:R}, by differences {expected[i]:R}");
        }
    }

    /// <summary>
    /// Compares along random directions, each turned towards the gradient so that what is compared is not near zero: a wrong value anywhere in a tensor shows.
    /// </summary>
    public static void HoldAlongDirections(Func<double> function, IReadOnlyList<Checked> all, int directions = 2)
    {
        Assert.NotEmpty(all);
        using var none = no_grad();
        for (int round = 0; round < directions * all.Count; round++)
        {
            using var scope = NewDisposeScope();
            (string name, Tensor values, Tensor gradient) = all[round % all.Count];
            double length = gradient.norm().item<double>();
            Assert.True(length > Vanishing, $"{name}: no gradient to speak of");
            Tensor direction = (gradient / length) + (Random((ulong)round + 7, gradient.shape) / Math.Sqrt(gradient.numel()));
            Tensor start = values.clone();
            double expected = 0, actual = (gradient * direction).sum().item<double>();
            foreach ((double at, double weight) in Stencil)
            {
                using var inner = NewDisposeScope();
                values.copy_(start + (direction * (at * Step)));
                expected += weight * function() / Step;
            }
            values.copy_(start);
            Assert.True(Math.Abs(actual - expected) <= Tolerance * Math.Abs(expected), $"{name}: {actual:R}, by differences {expected:R}");
        }
    }
}
