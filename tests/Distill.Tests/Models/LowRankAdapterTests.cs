using System.Text.Json.Nodes;
using Distill.Models;
using Distill.Weights;
using Xunit;
using static TorchSharp.torch;

namespace Distill.Tests.Models;

public sealed class LowRankAdapterTests : IDisposable
{
    private static readonly string[] All = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];
    private static readonly long[] Ids = [3, 9, 27, 33, 5, 11];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string> Families => ["qwen2", "qwen3", "llama"];

    private string Base(string family)
    {
        using CausalLM model = TinyShapes.Random(family switch { "qwen2" => TinyShapes.Qwen(), "qwen3" => TinyShapes.Qwen3(), _ => TinyShapes.Llama() });
        Directory.CreateDirectory(_folder["base"]);
        ModelWeights.Save(model, _folder["base"]);
        return _folder["base"];
    }

    private static CausalLM Adapted(string folder, LowRankShape shape, WeightFormat format = WeightFormat.Float32)
    {
        CausalLM model = ModelWeights.Load(folder, CPU, format);
        Assert.Equal(7 * model.Config.NumHiddenLayers, model.AddAdapters(All, shape, seed: 3));
        using var none = no_grad();
        foreach (var item in model.Projections) item.Projection.Adapter!.Up.copy_(randn(item.Projection.Adapter.Up.shape, generator: new Generator(9)) * 0.2);
        return model;
    }

    private static float[] Logits(CausalLM model)
    {
        using var none = no_grad();
        using var scope = NewDisposeScope();
        Tensor ids = tensor(Ids, [1, Ids.Length]);
        return TinyShapes.Floats(model.Logits(model.Hidden(ids, arange(Ids.Length).unsqueeze(0), AttentionMask.CausalOnly)));
    }

    [Theory, MemberData(nameof(Families))]
    public void MergedIsTheSameAsBeside(string family)
    {
        using CausalLM model = Adapted(Base(family), new LowRankShape(4, 8, RankStabilized: false));
        Directory.CreateDirectory(_folder["merged"]);
        AdapterFolder.SaveMerged(model, _folder["base"], _folder["merged"], TensorType.F32);
        using CausalLM merged = ModelWeights.Load(_folder["merged"], CPU), untouched = ModelWeights.Load(_folder["base"], CPU);

        float[] expected = Logits(model);
        Assert.True(Largest(expected, Logits(merged)) < 2e-5);
        Assert.True(Largest(expected, Logits(untouched)) > 0.1);
    }

    [Fact]
    public void AFreshAdapterChangesNothing()
    {
        string folder = Base("qwen2");
        using CausalLM plain = ModelWeights.Load(folder, CPU), adapted = ModelWeights.Load(folder, CPU, WeightFormat.Float32);
        adapted.AddAdapters(All, new LowRankShape(4, 8, RankStabilized: true), seed: 1);
        Assert.Equal(Logits(plain), Logits(adapted));
    }

    // The files as PEFT reads them: names, shapes, and W + scale · B A in the checkpoint's order of rows.
    [Theory, InlineData(false, 8.0 / 4), InlineData(true, 8.0 / 2)]
    public void TheFilesArePeft(bool rankStabilized, double scale)
    {
        var shape = new LowRankShape(4, 8, rankStabilized);
        using CausalLM model = Adapted(Base("qwen2"), shape);
        Directory.CreateDirectory(_folder["adapter"]);
        AdapterFolder.Save(model, shape, _folder["adapter"], "Qwen/Qwen2.5-Math-1.5B");
        Directory.CreateDirectory(_folder["merged"]);
        AdapterFolder.SaveMerged(model, _folder["base"], _folder["merged"], TensorType.F32);

        JsonNode config = JsonNode.Parse(File.ReadAllText(_folder["adapter/adapter_config.json"]))!;
        Assert.Equal("LORA", config["peft_type"]!.GetValue<string>());
        Assert.Equal("CAUSAL_LM", config["task_type"]!.GetValue<string>());
        Assert.Equal((4, 8.0, rankStabilized), (config["r"]!.GetValue<int>(), config["lora_alpha"]!.GetValue<double>(), config["use_rslora"]!.GetValue<bool>()));
        Assert.Equal(All.Order(StringComparer.Ordinal), config["target_modules"]!.AsArray().Select(name => name!.GetValue<string>()));

        using var adapter = SafetensorsFile.Open(_folder["adapter/adapter_model.safetensors"]);
        using IWeightSource before = WeightSource.Open(_folder["base"]), after = WeightSource.Open(_folder["merged"]);
        Assert.Equal(2 * 7 * 2, adapter.Tensors.Count);
        foreach (string projection in (string[])["model.layers.1.self_attn.q_proj", "model.layers.0.self_attn.k_proj", "model.layers.1.mlp.down_proj"])
        {
            Tensor down = Read(adapter, $"base_model.model.{projection}.lora_A.weight"), up = Read(adapter, $"base_model.model.{projection}.lora_B.weight");
            Tensor expected = Read(before, projection + ".weight") + (up.matmul(down) * scale);
            Assert.True(TinyShapes.LargestDifference(expected, Read(after, projection + ".weight")) < 1e-6, projection);
        }

        static Tensor Read(IWeightSource source, string name)
        {
            Assert.True(source.TryGet(name, out TensorInfo? info), name);
            Tensor values = empty([.. info.Shape]);
            TensorBytes.Read(source, name, values);
            return values;
        }
    }

    [Theory]
    [InlineData(WeightFormat.Float32, 0)]
    [InlineData(WeightFormat.BFloat16, 1.0 / 256)]
    [InlineData(WeightFormat.Int8, 1.0 / 250)]
    [InlineData(WeightFormat.Int4, 1.0 / 7.8)]
    public void FrozenWeightsAreNearTheOriginals(WeightFormat format, double relative)
    {
        string folder = Base("qwen2");
        using CausalLM plain = ModelWeights.Load(folder, CPU), frozen = ModelWeights.Load(folder, CPU, format);
        using var none = no_grad();
        foreach ((var expected, var actual) in plain.Projections.Zip(frozen.Projections))
        {
            Tensor blocks = expected.Projection.Weight.view(-1, 32), difference = (expected.Projection.Weight - actual.Projection.Weight).view(-1, 32).abs();
            Assert.True((difference <= (blocks.abs().amax([1], keepdim: true) * (relative + 1e-6))).all().item<bool>(), expected.Name);
            Assert.True(TinyShapes.LargestDifference(actual.Projection.Weight.narrow(0, 3, 5), actual.Projection.WeightRows(3, 5)) == 0);
        }
        Tensor ids = tensor(Ids);
        Assert.True(TinyShapes.LargestDifference(frozen.Decoder.Embedding.Forward(ids), frozen.Decoder.Embedding.Weight.index_select(0, ids)) == 0);
    }

    [Fact]
    public void FrozenWeightsTakeNoGradientAndAdaptersDo()
    {
        using CausalLM model = Adapted(Base("qwen2"), new LowRankShape(4, 8, RankStabilized: false), WeightFormat.Int4);
        string[] trained = [.. model.named_parameters().Where(item => item.parameter.requires_grad).Select(item => item.name)];
        Assert.Equal(2 * 7 * 2, trained.Length);
        Assert.All(trained, name => Assert.True(LowRankAdapter.IsPart(name), name));
    }

    // Of the logits' weighted sum; B is not zero, so that A has a gradient as well.
    [Theory, InlineData(WeightFormat.Float32), InlineData(WeightFormat.Int4)]
    public void GradientsOfAdaptersAreThoseOfFiniteDifferences(WeightFormat format)
    {
        const double step = 1e-2;
        using CausalLM model = Adapted(Base("qwen2"), new LowRankShape(4, 8, RankStabilized: false), format);
        using var scope = NewDisposeScope();
        Tensor weights = randn([1, Ids.Length, model.Config.VocabSize], generator: new Generator(11));
        WrittenGradient.Backpropagate(Outputs(), weights);
        using var none = no_grad();
        foreach ((string name, var parameter) in model.named_parameters().Where(item => item.parameter.requires_grad))
        {
            Tensor values = parameter.view(-1), gradient = parameter.grad!.view(-1);
            foreach (long at in (long[])[0, values.shape[0] / 2, values.shape[0] - 1])
            {
                float before = values[at].item<float>();
                double difference = (Sum(before + step) - Sum(before - step)) / (2 * step), actual = gradient[at].item<float>();
                values[at] = before;
                Assert.True(Math.Abs(actual - difference) < 0.02 + (0.02 * Math.Abs(difference)), $"{name}[{at}]: {actual}, by differences {difference}");

                double Sum(double value)
                {
                    values[at] = (float)value;
                    return (Outputs() * weights).sum(ScalarType.Float64).item<double>();
                }
            }
        }

        Tensor Outputs() => model.Logits(model.Hidden(tensor(Ids, [1, Ids.Length]), arange(Ids.Length).unsqueeze(0), AttentionMask.CausalOnly));
    }

    private static float Largest(float[] left, float[] right) => left.Zip(right).Max(pair => Math.Abs(pair.First - pair.Second));
}
