using Distill.Models;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Distill.Tests.Models;

public sealed class DeviceMapTests
{
    // A device of its own kind for the program, the same processor for libtorch.
    private static Device AnotherCpu() => new(DeviceType.CPU);

    [Theory]
    [InlineData("llama")]
    [InlineData("qwen tied")]
    [InlineData("deepseek")]
    public void AModelOnSeveralDevicesGivesTheLogitsOfOne(string family)
    {
        using var none = no_grad();
        using var folder = new TemporaryFolder();
        ModelConfig config = (family switch { "llama" => TinyShapes.Llama(), "deepseek" => TinyShapes.DeepSeek(), _ => TinyShapes.Qwen() }) with { NumHiddenLayers = 4 };
        using CausalLM whole = TinyShapes.Random(config);
        ModelWeights.Save(whole, folder.Path);
        using CausalLM split = ModelWeights.Load(folder.Path, new DeviceMap(AnotherCpu(), AnotherCpu(), AnotherCpu()));
        split.eval();
        Tensor ids = tensor(new long[] { 3, 9, 27, 33, 5, 0, 8, 7 }, [2, 4]), positions = tensor(new long[] { 0, 1, 2, 3, 0, 0, 1, 2 }, [2, 4]);
        using var wholeCache = new KVCache(4, 64);
        using var splitCache = new KVCache(4, 64);
        AttentionMask mask = AttentionMask.LeftPadded(tensor(new long[] { 0, 1 }), 4, 4);
        Assert.Equal(TinyShapes.Floats(whole.Logits(whole.Hidden(ids, positions, mask, wholeCache))), TinyShapes.Floats(split.Logits(split.Hidden(ids, positions, mask, splitCache))));

        Tensor rows = tensor(new long[] { 1 });
        wholeCache.Keep(rows);
        splitCache.Keep(rows);
        Tensor next = tensor(new long[] { 11 }, [1, 1]), at = tensor(new long[] { 3 }, [1, 1]);
        AttentionMask step = AttentionMask.LeftPadded(tensor(new long[] { 1 }), 1, 5);
        Assert.Equal(TinyShapes.Floats(whole.Logits(whole.Hidden(next, at, step, wholeCache))), TinyShapes.Floats(split.Logits(split.Hidden(next, at, step, splitCache))));
    }

    [Theory]
    [InlineData(1, 4, "0000")]
    [InlineData(2, 4, "0011")]
    [InlineData(2, 5, "00011")]
    [InlineData(3, 28, "0000000000111111111222222222")]
    [InlineData(4, 3, "012")]
    public void LayersAreDividedInRuns(int devices, int layers, string expected)
    {
        Device[] all = [.. Enumerable.Range(0, devices).Select(_ => AnotherCpu())];
        var map = new DeviceMap(all);
        Assert.Equal(expected, string.Concat(Enumerable.Range(0, layers).Select(layer => Array.IndexOf(all, map.OfLayer(layer, layers)))));
        Assert.Same(all[0], map.First);
        Assert.Same(all[^1], map.Last);
    }

    [Fact]
    public void AModelTakesNoMoreDevicesThanItHasLayers()
    {
        Device[] all = [.. Enumerable.Range(0, 5).Select(_ => AnotherCpu())];
        DeviceMap map = new DeviceMap(all).Of(3);
        Assert.Equal(all[..3], map.Devices);
        Assert.Same(map.OfLayer(2, 3), map.Last); // the last norm and the head stand with the last layer
        Assert.Equal(5, new DeviceMap(all).Of(5).Devices.Count);
    }

    [Theory]
    [InlineData("cpu", 1)]
    [InlineData("cpu,cpu", 2)]
    [InlineData("cpu, cpu ,cpu", 3)]
    public void NamesAreSeparatedByCommas(string names, int expected) => Assert.Equal(expected, TorchRuntime.Devices(names).Devices.Count);

    [Theory]
    [InlineData("gpu")]
    [InlineData("cpu,")]
    [InlineData("cuda:x")]
    [InlineData("cpu,gpu")]
    public void UnknownNamesAreRefused(string names) => Assert.Contains("is unknown", Assert.Throws<Distill.Runs.InputException>(() => TorchRuntime.Devices(names)).Message);
}
