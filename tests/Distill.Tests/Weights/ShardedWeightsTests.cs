using Distill.Runs;
using Distill.Weights;
using Xunit;

namespace Distill.Tests.Weights;

public sealed class ShardedWeightsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public ShardedWeightsTests()
    {
        SafetensorsWriter.Write(_folder["one.safetensors"], [TensorToWrite.OfFloats("a", [2], new float[] { 1, 2 })]);
        SafetensorsWriter.Write(_folder["two.safetensors"], [TensorToWrite.OfFloats("b", [2], new float[] { 3, 4 })]);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void TensorsComeFromTheShardThatTheIndexNames()
    {
        WriteIndex("""{"metadata":{"total_size":16},"weight_map":{"b":"two.safetensors","a":"one.safetensors"}}""");
        using IWeightSource weights = WeightSource.Open(_folder.Path);
        Assert.Equal(["b", "a"], weights.Tensors.Select(t => t.Name));
        var values = new float[2];
        weights.ReadFloats(weights.Tensors[0], 0, values);
        Assert.Equal([3f, 4f], values);
    }

    [Theory]
    [InlineData("""{"weight_map":{"a":"three.safetensors"}}""", "shard three.safetensors is missing")]
    [InlineData("""{"weight_map":{"a":"two.safetensors"}}""", "`a` is not in two.safetensors")]
    [InlineData("""{"weight_map":{"a":"../one.safetensors"}}""", "not a plain file name")]
    [InlineData("""{"weight_map":{"a":"/etc/passwd"}}""", "not a plain file name")]
    [InlineData("""{"weight_map":{"a":"sub\\one.safetensors"}}""", "not a plain file name")]
    [InlineData("""{"weight_map":{"a":".."}}""", "not a plain file name")]
    [InlineData("""{"weight_map":{"a":"one.safetensors","a":"one.safetensors"}}""", "listed twice")]
    [InlineData("""{"weight_map":[1]}""", "not a safetensors index")]
    [InlineData("""{"weights":{}}""", "not a safetensors index")]
    [InlineData("""nonsense""", "not a safetensors index")]
    public void ABadIndexIsNamed(string index, string expected)
    {
        WriteIndex(index);
        InputException error = Assert.Throws<InputException>(() => WeightSource.Open(_folder.Path));
        Assert.Contains(expected, error.Message);
        Assert.Contains("model.safetensors.index.json", error.Message);
    }

    [Fact]
    public void AFolderWithoutSafetensorsSaysWhatIsMissing()
    {
        Assert.Contains("holds neither", Assert.Throws<InputException>(() => WeightSource.Open(_folder.Path)).Message);
        File.WriteAllText(_folder["pytorch_model.bin"], "");
        Assert.Contains("never loaded", Assert.Throws<InputException>(() => WeightSource.Open(_folder.Path)).Hint);
        Assert.Contains("no such folder", Assert.Throws<InputException>(() => WeightSource.Open(_folder["absent"])).Message);
    }

    private void WriteIndex(string json) => File.WriteAllText(_folder["model.safetensors.index.json"], json);
}
