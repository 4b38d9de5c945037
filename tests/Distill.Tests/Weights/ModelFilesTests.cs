using Distill.Runs;
using Distill.Weights;
using Xunit;

namespace Distill.Tests.Weights;

public sealed class ModelFilesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("m-00001-of-00003.gguf", new[] { "m-00001-of-00003.gguf", "m-00002-of-00003.gguf", "m-00003-of-00003.gguf" })]
    [InlineData("m-00002-of-00003.gguf", new[] { "m-00002-of-00003.gguf" })]
    [InlineData("m.gguf", new[] { "m.gguf" })]
    [InlineData("model.onnx", new[] { "model.onnx", "model.onnx_data" })]
    [InlineData("small.onnx", new[] { "small.onnx" })]
    [InlineData("model.safetensors.index.json", new[] { "model.safetensors.index.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors" })]
    [InlineData("config.json", new[] { "config.json" })]
    public void AFileBringsAlongThoseThatBelongToIt(string named, string[] all)
    {
        foreach (string file in (string[])["m-00001-of-00003.gguf", "m-00002-of-00003.gguf", "m-00003-of-00003.gguf", "m.gguf", "model.onnx", "model.onnx_data", "small.onnx", "config.json"])
            File.WriteAllText(_folder[file], file);
        WeightFolder.Write(_folder.Path, [TensorToWrite.OfFloats("a", [1], new float[1]), TensorToWrite.OfFloats("b", [1], new float[1])], maxShardBytes: 1);

        Assert.Equal(all.Select(file => _folder[file]), ModelFiles.Of(_folder[named]));
    }

    [Fact]
    public void AnIndexThatLeavesItsFolderIsRefused()
    {
        File.WriteAllText(_folder["model.safetensors.index.json"], """{"weight_map": {"a": "../secret"}}""");

        Assert.Contains("`../secret` is not a plain file name", Assert.Throws<InputException>(() => ModelFiles.Of(_folder["model.safetensors.index.json"])).Message);
    }
}
