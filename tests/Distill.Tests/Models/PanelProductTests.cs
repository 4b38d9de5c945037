using Distill.Models;
using Xunit;
using static Distill.Tests.Models.SkinnyProductTests;
using static TorchSharp.torch;

namespace Distill.Tests.Models;

/// <summary>Products of many rows with weights that are stored small, against exact ones of the expanded weights. The number of threads belongs to the whole process.</summary>
[Collection(nameof(AloneCollection))]
public sealed class PanelProductTests
{
    // Sums longer than a panel is deep, last panels of one, two and three registers, last tiles of one row, some and all.
    [Theory, MemberData(nameof(Shapes))]
    public void BothProductsAreThoseOfTheExpandedWeight(WeightFormat format, int rows, int columns, int outputs)
    {
        Assert.SkipUnless(PanelTile.IsSupported, "the processor has no AVX-512");
        using var none = no_grad();
        using var scope = NewDisposeScope();
        using StoredWeight stored = Stored(format, outputs, columns);
        Tensor weight = empty(outputs, columns), input = Drawn(1, rows, columns), outputGradient = Drawn(2, rows, outputs);
        stored.Expand(0, weight);
        Tensor output = full(rows, outputs, float.NaN), inputGradient = full(rows, columns, float.NaN);
        Assert.True(PanelProduct.Takes(input, output) && PanelProduct.Takes(outputGradient, inputGradient));
        PanelProduct.Forward(input, stored.Numbers, output, adds: false);
        PanelProduct.Backward(outputGradient, stored.Numbers, inputGradient, adds: false);
        Tensor product = input.@double().mm(weight.@double().t()), gradient = outputGradient.@double().mm(weight.@double());
        Near(product, output);
        Near(gradient, inputGradient);
        PanelProduct.Forward(input, stored.Numbers, output, adds: true);
        PanelProduct.Backward(outputGradient, stored.Numbers, inputGradient, adds: true);
        Near(product * 2, output);
        Near(gradient * 2, inputGradient);
    }

    [Fact]
    public void AnOutputMayBeAPartOfWiderRowsAndAnInputInAnyOrder()
    {
        Assert.SkipUnless(PanelTile.IsSupported, "the processor has no AVX-512");
        using var none = no_grad();
        using var scope = NewDisposeScope();
        using StoredWeight stored = Stored(WeightFormat.Int8, 64, 96);
        Tensor weight = empty(64, 96), input = Drawn(1, 96, 70).t(), wide = zeros(70, 200);
        stored.Expand(0, weight);
        PanelProduct.Forward(input, stored.Numbers, wide.narrow(1, 100, 64), adds: false);
        Near(input.@double().mm(weight.@double().t()), wide.narrow(1, 100, 64));
        Assert.Equal(0, wide.narrow(1, 0, 100).abs().sum().item<float>() + wide.narrow(1, 164, 36).abs().sum().item<float>());
    }

    [Fact]
    public void OneThreadGivesTheBitsOfTwo()
    {
        Assert.SkipUnless(PanelTile.IsSupported, "the processor has no AVX-512");
        using var none = no_grad();
        using var scope = NewDisposeScope();
        using StoredWeight stored = Stored(WeightFormat.Int8, 1600, 1568);
        Tensor input = Drawn(1, 65, 1568), outputGradient = Drawn(2, 65, 1600);
        Tensor[] Products(int threads)
        {
            set_num_threads(threads);
            Tensor output = empty(65, 1600), inputGradient = empty(65, 1568);
            PanelProduct.Forward(input, stored.Numbers, output, adds: false);
            PanelProduct.Backward(outputGradient, stored.Numbers, inputGradient, adds: false);
            return [output, inputGradient];
        }
        int before = get_num_threads();
        try
        {
            Assert.All(Products(1).Zip(Products(2)), pair => Assert.True(pair.First.equal(pair.Second).all().item<bool>()));
        }
        finally
        {
            set_num_threads(before);
        }
    }

    [Fact]
    public void WhatItDoesNotTakeIsLeftToLibtorch()
    {
        using Tensor few = zeros(8, 64), odd = zeros(64, 40), whole = zeros(64, 64), across = zeros(64, 64).t(), half = whole.to(ScalarType.Float64);
        Assert.Equal(PanelTile.IsSupported, PanelProduct.Takes(whole, whole));
        Assert.False(PanelProduct.Takes(few, few));
        Assert.False(PanelProduct.Takes(odd, whole));
        Assert.False(PanelProduct.Takes(whole, odd));
        Assert.False(PanelProduct.Takes(whole, across));
        Assert.False(PanelProduct.Takes(half, half));
    }

    private static StoredWeight Stored(WeightFormat format, int outputs, int columns)
    {
        TorchRuntime.Initialize();
        using Tensor drawn = Drawn(3, outputs, columns);
        return StoredWeight.Of(outputs, columns, (first, count) => drawn.narrow(0, first, count), format, CPU);
    }

    // Numbers of about one, thousands of products in a sum: an error far below a wrong or missing product.
    private static void Near(Tensor exact, Tensor ours) => Assert.InRange((exact - ours.@double()).abs().max().item<double>(), 0, 1e-3);

    public static TheoryData<WeightFormat, int, int, int> Shapes()
    {
        var shapes = new TheoryData<WeightFormat, int, int, int>();
        foreach (WeightFormat format in (WeightFormat[])[WeightFormat.BFloat16, WeightFormat.Int8, WeightFormat.Int4])
        {
            foreach ((int rows, int columns, int outputs) in ((int, int, int)[])[(64, 32, 32), (65, 96, 160), (71, 1600, 64), (80, 64, 1568)]) shapes.Add(format, rows, columns, outputs);
        }
        return shapes;
    }
}
