using Distill.Models;
using Xunit;
using static TorchSharp.torch;

namespace Distill.Tests.Models;

public sealed class GatedActivationTests
{
    // More values than one thread takes, and no multiple of a vector.
    private const int Count = 40_003;

    [Fact]
    public void ProductAndGradientsAreThoseOfTheDefinition()
    {
        TorchRuntime.Initialize();
        using var scope = NewDisposeScope();
        Tensor gate = randn([Count], generator: new Generator(1)) * 8, up = randn([Count], generator: new Generator(2)), gradient = randn([Count], generator: new Generator(3));
        gate[0] = 100; // where e^x overflows, and where it vanishes
        gate[1] = -100;
        double[] g = Doubles(gate), u = Doubles(up), d = Doubles(gradient);
        Tensor product = empty(Count);
        GatedActivation.Multiply(gate, up, product);
        Near(g.Select((x, i) => x * Sigmoid(x) * u[i]), product);
        GatedActivation.Backward(gate, up, gradient);
        Near(g.Select((x, i) => d[i] * u[i] * Sigmoid(x) * (1 + (x * (1 - Sigmoid(x))))), gate);
        Near(g.Select((x, i) => d[i] * x * Sigmoid(x)), up);
    }

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    private static double[] Doubles(Tensor tensor) => [.. TinyShapes.Floats(tensor).Select(value => (double)value)];

    private static void Near(IEnumerable<double> expected, Tensor actual) =>
        Assert.All(expected.Zip(TinyShapes.Floats(actual)), pair => Assert.InRange(pair.Second, pair.First - 1e-6 - (2e-6 * Math.Abs(pair.First)), pair.First + 1e-6 + (2e-6 * Math.Abs(pair.First))));
}
