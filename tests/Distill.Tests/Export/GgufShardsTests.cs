using Distill.Eval;
using Distill.Export.Gguf;
using Distill.Inference;
using Distill.Inspection;
using Distill.Runs;
using Distill.Weights;
using Xunit;

namespace Distill.Tests.Export;

public sealed class GgufShardsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly IReadOnlyList<string> _shards;

    public GgufShardsTests()
    {
        TinyModels.Qwen2(_folder["model"]);
        GgufExport.Write(_folder["model"], _folder["files/whole.gguf"], GgufFileType.F16, "tiny");
        _shards = GgufExport.Write(_folder["model"], _folder["files/part.gguf"], GgufFileType.F16, "tiny", new GgufExportSettings { MaxShardBytes = 60_000 }).Files;
        Assert.InRange(_shards.Count, 3, 20);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void ShardsReadAsTheModelInOneFile()
    {
        using GgufReader whole = GgufReader.Open(_folder["files/whole.gguf"]), joined = GgufReader.Open(_shards[0]);
        Assert.Equal(whole.Tensors.Select(tensor => tensor.Name), joined.Tensors.Select(tensor => tensor.Name));
        foreach ((GgufTensorInfo expected, GgufTensorInfo found) in whole.Tensors.Zip(joined.Tensors))
        {
            Assert.True(whole.Bytes(expected).SequenceEqual(joined.Bytes(found)), found.Name);
            float[] one = new float[expected.ElementCount], other = new float[found.ElementCount];
            whole.ReadFloats(expected, 0, one);
            joined.ReadFloats(found, 0, other);
            Assert.Equal(one, other);
        }
        Assert.Equal(_shards, joined.Files);
        Assert.Equal(_shards.Sum(file => new FileInfo(file).Length), joined.Length);
    }

    [Fact]
    public void ShardsAreOneModelWhereverOneIsNamed()
    {
        Assert.Equal([_shards[0], _folder["files/whole.gguf"]], QuantizationQuality.FilesOf(_folder["files"]));
        Assert.Equal(_shards.Sum(file => new FileInfo(file).Length), QuantizationQuality.SizeOf(_shards[0]).Bytes);
        Assert.Equal(_shards.Count, Inspector.Inspect(_shards[0], withTensors: false).Facts["shards"]!.GetValue<int>());
        string before = ModelIdentity.Of(_shards[0]);
        byte[] last = File.ReadAllBytes(_shards[^1]);
        last[^40] ^= 1;
        File.WriteAllBytes(_shards[^1], last);
        Assert.NotEqual(before, ModelIdentity.Of(_shards[0]));

        GgufExport.Write(_shards[0], _folder["again.gguf"], GgufFileType.Q8_0, "tiny");
        using GgufReader again = GgufReader.Open(_folder["again.gguf"]);
        Assert.False(again.Metadata.Contains(GgufShards.CountKey));
    }

    [Fact]
    public void ShardsThatDoNotBelongTogetherAreNamed()
    {
        AssertRefused(_shards[1], $"is shard 2 of {_shards.Count}", "give the first one");
        File.Move(_shards[2], _folder["aside"]);
        AssertRefused(_shards[0], $"shard 3 of {_shards.Count} is missing", "beside the others");
        File.Copy(_shards[1], _shards[2]);
        AssertRefused(_shards[0], $"is not shard 3 of {_shards.Count}", "again");
        File.Move(_folder["aside"], _shards[2], overwrite: true);
        GgufReader.Open(_shards[0]).Dispose();
        File.Copy(_shards[0], _folder["renamed.gguf"]);
        AssertRefused(_folder["renamed.gguf"], "its name does not say so", $"call it renamed-00001-of-{_shards.Count:00000}.gguf");
    }

    [Fact]
    public void WhoLooksForOneFileIsToldOfTheFirstShard()
    {
        File.Copy(_shards[0], _folder["files/m-Q8_0-00001-of-00002.gguf"]);
        Assert.Equal(_folder["files/m-Q8_0-00001-of-00002.gguf"], GgufShards.InsteadOf(_folder["files/m-Q8_0.gguf"]));
        Assert.Null(GgufShards.InsteadOf(_folder["files/m.gguf"]));
        Assert.Null(GgufShards.InsteadOf(_folder["absent/m-Q8_0.gguf"]));
        Assert.Null(GgufShards.InsteadOf(_folder["files/m-Q8_0"]));
        InputException refused = Assert.Throws<InputException>(() => Inspector.Inspect(_folder["files/part.gguf"], withTensors: false));
        Assert.EndsWith($"give the first one, {_shards[0]}", refused.Hint);
    }

    private static void AssertRefused(string path, string message, string hint)
    {
        InputException refused = Assert.Throws<InputException>(() => GgufReader.Open(path));
        Assert.Contains(message, refused.Message);
        Assert.Contains(hint, refused.Hint);
    }
}
