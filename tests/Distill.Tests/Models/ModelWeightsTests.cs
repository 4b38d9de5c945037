using System.Diagnostics.CodeAnalysis;
using Distill.Models;
using Distill.Runs;
using Distill.Weights;
using Xunit;
using static TorchSharp.torch;

namespace Distill.Tests.Models;

public sealed class ModelWeightsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void SavingInShardsAndLoadingKeepsEveryBit()
    {
        using CausalLM model = TinyShapes.Random(TinyShapes.DeepSeek());
        ModelWeights.Save(model, _folder.Path, maxShardBytes: 10_000);
        Assert.True(Directory.EnumerateFiles(_folder.Path, "model-*-of-*.safetensors").Count() > 5);
        using CausalLM loaded = ModelWeights.Load(_folder.Path, CPU);
        Assert.All(model.named_parameters().Zip(loaded.named_parameters()),
            pair => Assert.Equal(TinyShapes.Floats(pair.First.parameter), TinyShapes.Floats(pair.Second.parameter)));
    }

    [Theory]
    [InlineData(TensorType.F32, "float32")]
    [InlineData(TensorType.BF16, "bfloat16")]
    public void TheConfigNamesTheTypeOfTheWeights(TensorType type, string expected)
    {
        using CausalLM model = TinyShapes.Random(TinyShapes.Llama());
        ModelWeights.Save(model, _folder.Path, type);
        Assert.Equal(expected, (string?)System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(_folder["config.json"]))!["torch_dtype"]);
        using IWeightSource source = WeightSource.Open(_folder.Path);
        Assert.All(source.Tensors, tensor => Assert.Equal(type, tensor.Type));
    }

    [Fact]
    public void LoadingTakesOneTensorAfterTheOtherAndNeverMoreThanItAtOnce()
    {
        TorchRuntime.Initialize(1);
        ModelConfig config = TinyModels.Qwen2(_folder["model"]);
        using var source = new WatchedSource(WeightSource.Open(_folder["model"]));
        using CausalLM model = ModelWeights.Load(config, source, CPU);
        Assert.Equal(TinyModels.Tensors(config).Select(tensor => tensor.Name).Order(), source.Reads.Select(read => read.Name).Distinct().Order());
        Assert.All(source.Reads, read => Assert.True(read.Count <= read.Size));
        Assert.Equal(source.Reads.Count, source.Reads.Select(read => (read.Name, read.Start)).Distinct().Count()); // each value once
    }

    [Fact]
    public void EightBitFloatsWithBlockScalesLoadAsTheModelTheyCameFrom()
    {
        TorchRuntime.Initialize(1);
        ModelConfig config = TinyModels.DeepSeekV3(_folder["model"]);
        // All projections become the code of 1 with the scale 0.25; routers, norms and embeddings stay as they are, and a layer for multi-token prediction follows.
        TensorToWrite[] tensors = [.. TinyModels.Tensors(config).SelectMany(IEnumerable<TensorToWrite> (tensor) => tensor.Name.EndsWith("_proj.weight", StringComparison.Ordinal)
            ?
            [
                new TensorToWrite(tensor.Name, TensorType.F8E4M3, tensor.Shape, stream => stream.Write([.. Enumerable.Repeat((byte)0x38, (int)(tensor.Shape[0] * tensor.Shape[1]))])),
                TensorToWrite.OfFloats(tensor.Name + "_scale_inv", [(tensor.Shape[0] + 127) / 128, (tensor.Shape[1] + 127) / 128], Enumerable.Repeat(0.25f, 4).Take((int)((tensor.Shape[0] + 127) / 128 * ((tensor.Shape[1] + 127) / 128))).ToArray()),
            ]
            : [TinyModels.Tensor(tensor.Name, TensorType.F32, tensor.Shape, TinyModels.Values(tensor.Name, tensor.Shape, 1))]),
            TensorToWrite.OfFloats("model.layers.3.eh_proj.weight", [2, 2], new float[4])];
        WeightFolder.Write(_folder["model"], tensors);
        using CausalLM model = ModelWeights.Load(_folder["model"], CPU);
        Assert.All(TinyShapes.Floats(Parameter(model, "model.layers.1.mlp.experts.2.up_proj.weight")), value => Assert.Equal(0.25f, value));
        Assert.Equal(TinyModels.Values("model.norm.weight", [64], 1), TinyShapes.Floats(Parameter(model, "model.norm.weight")));
    }

    [Fact]
    public void ATensorWithoutAPlaceIsNamed()
    {
        TorchRuntime.Initialize(1);
        ModelConfig config = TinyModels.Write(_folder["model"], TinyModels.Dense(Architecture.Llama));
        WeightFolder.Write(_folder["model"], [.. TinyModels.Tensors(config).Append(("model.layers.0.self_attn.q_proj.bias", [64L]))
            .Select(tensor => TinyModels.Tensor(tensor.Name, TensorType.F32, tensor.Shape, TinyModels.Values(tensor.Name, tensor.Shape, 1)))]);
        InputException error = Assert.Throws<InputException>(() => ModelWeights.Load(_folder["model"], CPU));
        Assert.Contains("`model.layers.0.self_attn.q_proj.bias` has no place", error.Message);
    }

    private static TorchSharp.Modules.Parameter Parameter(CausalLM model, string name) => model.named_parameters().Single(item => item.name == name).parameter;

    /// <summary>Notes what is read.</summary>
    private sealed class WatchedSource(IWeightSource source) : IWeightSource
    {
        public List<(string Name, long Start, long Count, long Size)> Reads { get; } = [];

        public string Path => source.Path;

        public IReadOnlyList<TensorInfo> Tensors => source.Tensors;

        public bool TryGet(string name, [NotNullWhen(true)] out TensorInfo? info) => source.TryGet(name, out info);

        public nint Pointer(TensorInfo info) => throw new InvalidOperationException("a whole tensor at once");

        public void ReadFloats(TensorInfo info, long start, Span<float> destination)
        {
            Reads.Add((info.Name, start, destination.Length, info.ElementCount));
            source.ReadFloats(info, start, destination);
        }

        public void Dispose() => source.Dispose();
    }
}
