using Distill.Models;
using Distill.Runs;
using Distill.Weights;
using Xunit;

namespace Distill.Tests.Weights;

public sealed class WeightFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<TensorType> Types => [.. Enum.GetValues<TensorType>()];

    public void Dispose() => _folder.Dispose();

    [Theory, MemberData(nameof(Types))]
    public void EveryTypeComesBackBitForBit(TensorType type)
    {
        byte[] bytes = new byte[37 * 3 * type.ByteSize()];
        new Random(5).NextBytes(bytes); // every bit pattern: NaNs with a payload and subnormals too
        WeightFolder.Write(_folder.Path, [Bytes("a", type, [37, 3], bytes), Bytes("b", type, [], bytes[..type.ByteSize()]), Bytes("c", type, [0, 5], [])], maxShardBytes: 1);
        using IWeightSource source = WeightSource.Open(_folder.Path);
        Assert.Equal([(type, "[37, 3]"), (type, "[]"), (type, "[0, 5]")], source.Tensors.Select(tensor => (tensor.Type, tensor.ShapeText)));
        Assert.Equal(bytes, source.Bytes(source.Tensors[0]));
        Assert.Equal(bytes.AsSpan(0, type.ByteSize()), source.Bytes(source.Tensors[1]));
    }

    [Fact]
    public void ShardsHoldAsMuchAsAllowedAndTheIndexNamesThem()
    {
        WeightFolder.Write(_folder.Path, [Floats("a", 4), Floats("b", 4), Floats("c", 20), Floats("d", 4), Floats("e", 4)], maxShardBytes: 32);
        Assert.Equal(["model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors", "model-00003-of-00003.safetensors", "model.safetensors.index.json"], Files());
        Assert.Contains("\"total_size\": 144", File.ReadAllText(_folder["model.safetensors.index.json"]));
        using SafetensorsFile first = SafetensorsFile.Open(_folder["model-00001-of-00003.safetensors"]), second = SafetensorsFile.Open(_folder["model-00002-of-00003.safetensors"]);
        Assert.Equal(["a", "b"], first.Tensors.Select(tensor => tensor.Name));
        Assert.Equal(["c"], second.Tensors.Select(tensor => tensor.Name)); // larger than a shard: alone
        using IWeightSource all = WeightSource.Open(_folder.Path);
        Assert.Equal(["a", "b", "c", "d", "e"], all.Tensors.Select(tensor => tensor.Name));
    }

    [Fact]
    public void OneFileReplacesShardsAndShardsReplaceOneFile()
    {
        TensorToWrite[] tensors = [Floats("a", 4), Floats("b", 4)];
        WeightFolder.Write(_folder.Path, tensors, maxShardBytes: 16);
        WeightFolder.Write(_folder.Path, tensors);
        Assert.Equal(["model.safetensors"], Files());
        WeightFolder.Write(_folder.Path, [.. tensors, Floats("c", 4)], maxShardBytes: 16);
        WeightFolder.Write(_folder.Path, tensors, maxShardBytes: 16);
        Assert.Equal(["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "model.safetensors.index.json"], Files());
    }

    [Theory]
    [InlineData(16)]
    [InlineData(1000)]
    public void AFailureHalfwayLeavesTheOldWeights(long maxShardBytes)
    {
        WeightFolder.Write(_folder.Path, [Floats("old", 4), Floats("older", 4)], maxShardBytes);
        string[] before = [.. Files().Select(file => Fingerprint.OfFile(_folder[file]))];
        var failing = new TensorToWrite("b", TensorType.F32, [4], _ => throw new InputException("the disk is full"));
        Assert.Throws<InputException>(() => WeightFolder.Write(_folder.Path, [Floats("a", 4), failing], maxShardBytes));
        Assert.Equal(before, Files().Select(file => Fingerprint.OfFile(_folder[file])));
        Assert.Empty(Directory.EnumerateDirectories(_folder.Path));
    }

    [Fact]
    public void WhatAKilledWriterLeftIsNoObstacle()
    {
        Directory.CreateDirectory(_folder[".weights.partial"]);
        File.WriteAllText(_folder[".weights.partial/model.safetensors"], "half");
        WeightFolder.Write(_folder.Path, [Floats("a", 4)]);
        Assert.Equal(["model.safetensors"], Files());
        Assert.Empty(Directory.EnumerateDirectories(_folder.Path));
    }

    [Fact]
    public void ACheckpointOf70BCostsMemoryOnlyWhereItIsRead()
    {
        long bytes = SparseCheckpoint.Write(_folder.Path, SparseCheckpoint.Llama70B);
        Assert.Equal(2 * 70_553_706_496, bytes);
        using IWeightSource source = WeightSource.Open(_folder.Path);
        ModelWeights.RequireFit(SparseCheckpoint.Llama70B, source);
        Assert.Equal(723, source.Tensors.Count);
        long opened = ResidentBytes();
        Assert.InRange(opened, OperatingSystem.IsLinux() ? 1 : 0, 4 << 20); // thirty headers; the tensors are 141 GB

        Assert.True(source.TryGet("model.layers.79.mlp.down_proj.weight", out TensorInfo? last));
        var values = new float[1024];
        source.ReadFloats(last, last.ElementCount - values.Length, values);
        Assert.All(values, value => Assert.Equal(0, value));
        Assert.InRange(ResidentBytes() - opened, 0, 4 << 20);
    }

    // Pages of the mapped files that are in memory; only Linux tells.
    private long ResidentBytes()
    {
        if (!OperatingSystem.IsLinux()) return 0;
        long kilobytes = 0;
        bool ours = false;
        foreach (string line in File.ReadLines("/proc/self/smaps"))
        {
            if (line.Contains(_folder.Path, StringComparison.Ordinal)) ours = true;
            else if (line.Contains('-') && !line.Contains(':')) ours = false;
            else if (ours && line.StartsWith("Rss:", StringComparison.Ordinal)) (kilobytes, ours) = (kilobytes + long.Parse(line.AsSpan(4).Trim()[..^3]), false);
        }
        return kilobytes << 10;
    }

    private string[] Files() => [.. Directory.EnumerateFiles(_folder.Path).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    private static TensorToWrite Floats(string name, int count) => TensorToWrite.OfFloats(name, [count], new float[count]);

    private static TensorToWrite Bytes(string name, TensorType type, long[] shape, byte[] bytes) => new(name, type, shape, stream => stream.Write(bytes));
}
