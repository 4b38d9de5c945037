using System.Text.Json.Nodes;
using Distill.Export.Gguf;
using Distill.Export.Quantization;
using Distill.Runs;
using Distill.Weights;
using Xunit;

namespace Distill.Tests.Export;

public sealed class TensorMixtureTests
{
    private static readonly MixtureModel Small = new("qwen2", 4, 2, 0);

    [Fact]
    public void EveryTensorOfEveryKnownModelGetsTheTypeThatLlamaCppChose()
    {
        string path = SharedData.Path("gguf", "golden_types.json"); // recorded from llama.cpp: 22 models, 32 file types
        JsonObject models = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        int compared = 0;
        foreach ((string model, JsonNode? recorded) in models)
        {
            MixtureTensor[] tensors = [.. recorded!["tensors"]!.AsArray().Select(entry =>
                new MixtureTensor((string)entry![0]!, [.. entry[1]!.AsArray().Select(dimension => (long)dimension!).Reverse()]))];
            MixtureModel facts = Facts(recorded["kv"]!.AsObject());
            foreach ((string fileType, JsonNode? types) in recorded["types"]!.AsObject())
            {
                var choices = TensorMixture.Choose(Enum.Parse<GgufFileType>(fileType), facts, tensors, hasImatrix: false, []);
                for (int i = 0; i < tensors.Length; i++, compared++)
                {
                    string chosen = choices.TryGetValue(tensors[i].Name, out TensorTypeChoice choice) ? choice.Type.ToString() : "F32";
                    string expected = (string)types![i]!;
                    Assert.True(string.Equals(expected, chosen, StringComparison.OrdinalIgnoreCase), $"{model} {fileType} {tensors[i].Name}: {chosen}, llama.cpp {expected}");
                }
            }
        }
        Assert.Equal(346_880, compared);
    }

    private static MixtureModel Facts(JsonObject keys)
    {
        string architecture = (string)keys["general.architecture"]!;
        int Key(string name) => (int?)keys[$"{architecture}.{name}"] ?? 0;
        return new MixtureModel(architecture, Key("block_count"), Key("attention.head_count") / Key("attention.head_count_kv"), Key("expert_count"));
    }

    [Fact]
    public void AnImatrixChangesSomeChoices()
    {
        MixtureTensor[] tensors = [new("blk.0.ffn_down.weight", [64, 256]), new("token_embd.weight", [64, 256])];
        MixtureModel model = new("qwen2", 8, 1, 0);
        GgufTensorType Down(GgufFileType type, bool imatrix) => TensorMixture.Choose(type, model, tensors, imatrix, [])["blk.0.ffn_down.weight"].Type;
        Assert.Equal((GgufTensorType.Q4_0, GgufTensorType.Q4_1), (Down(GgufFileType.Q4_0, false), Down(GgufFileType.Q4_0, true)));
        Assert.Equal((GgufTensorType.Q5_0, GgufTensorType.Q5_1), (Down(GgufFileType.Q5_0, false), Down(GgufFileType.Q5_0, true)));
        Assert.Equal((GgufTensorType.Q5_K, GgufTensorType.IQ4_XS), (Down(GgufFileType.IQ4_XS, false), Down(GgufFileType.IQ4_XS, true)));
    }

    [Fact]
    public void RowsThatAreNoWholeBlocksFallBackAndSaySo()
    {
        MixtureTensor[] tensors = [new("blk.0.attn_q.weight", [64, 96]), new("blk.0.attn_k.weight", [64, 40]), new("output.weight", [64, 256])];
        var choices = TensorMixture.Choose(GgufFileType.Q4_K_M, Small, tensors, hasImatrix: false, []);
        Assert.Equal(new TensorTypeChoice(GgufTensorType.Q5_0, GgufTensorType.Q4_K), choices["blk.0.attn_q.weight"]);
        Assert.Equal(new TensorTypeChoice(GgufTensorType.F16, GgufTensorType.Q4_K), choices["blk.0.attn_k.weight"]);
        Assert.Equal(new TensorTypeChoice(GgufTensorType.Q6_K, GgufTensorType.Q6_K), choices["output.weight"]);
    }

    [Fact]
    public void TheUsersChoiceWinsAndTheFirstThatMatches()
    {
        MixtureTensor[] tensors = [new("blk.0.attn_v.weight", [64, 256]), new("blk.1.attn_v.weight", [64, 256]), new("blk.0.attn_norm.weight", [256])];
        TensorOverride[] overrides = [TensorOverride.Parse(@"blk\.0\.attn_v=q8_0"), TensorOverride.Parse("attn_=F16")];
        var choices = TensorMixture.Choose(GgufFileType.Q4_K_M, Small, tensors, hasImatrix: false, overrides);
        Assert.Equal(GgufTensorType.Q8_0, choices["blk.0.attn_v.weight"].Type);
        Assert.Equal(GgufTensorType.F16, choices["blk.1.attn_v.weight"].Type);
        Assert.DoesNotContain("blk.0.attn_norm.weight", choices.Keys);
    }

    [Theory]
    [InlineData("ffn_down")]
    [InlineData("=Q8_0")]
    [InlineData("ffn_down=Q9_0")]
    [InlineData("ffn_down=12")]
    [InlineData("ffn_down=I8")]
    [InlineData("ffn_(down=Q8_0")]
    public void AnOverrideThatCannotBeUnderstoodIsRefused(string text) => Assert.NotNull(Assert.Throws<InputException>(() => TensorOverride.Parse(text)).Hint);
}
