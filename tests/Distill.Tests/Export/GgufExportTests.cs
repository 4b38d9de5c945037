using System.Text.Json.Nodes;
using Distill.Export.Gguf;
using Distill.Models;
using Distill.Runs;
using Distill.Weights;
using Xunit;

namespace Distill.Tests.Export;

public sealed class GgufExportTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Model => _folder["model"];

    private string Output => _folder["out.gguf"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void EveryQwen2TensorComesBackUnderItsName()
    {
        ModelConfig config = TinyModels.Qwen2(Model, tied: false);
        AssertComesBack(config, tensorsInFile: 3 + (2 * 12));
    }

    [Fact]
    public void EveryDeepSeekTensorComesBackUnderItsName()
    {
        ModelConfig config = TinyModels.DeepSeekV3(Model);
        AssertComesBack(config, tensorsInFile: 3 + (3 * 10) + 3 + (2 * 8));
    }

    [Fact]
    public void EveryLlamaTensorComesBackInTheCheckpointsOrderOfRows()
    {
        ModelConfig config = TinyModels.Write(Model, TinyModels.Dense(Architecture.Llama) with { RopeScaling = new Llama3RopeScaling(8, 1, 4, 64) });
        AssertComesBack(config, tensorsInFile: 3 + (2 * 9) + 1);
        using GgufReader file = GgufReader.Open(Output);
        float[] rows = TinyModels.Values("model.layers.0.self_attn.k_proj.weight", [32, 64], 1);
        Assert.Equal(rows[(8 * 64)..(9 * 64)], Floats(file, "blk.0.attn_k.weight")[64..128]); // the first head's second half follows its first row
    }

    [Fact]
    public void EveryQwen3TensorComesBackUnderItsName()
    {
        ModelConfig config = TinyModels.Write(Model, TinyModels.Dense(Architecture.Qwen3) with { HeadDim = 24 });
        AssertComesBack(config, tensorsInFile: 3 + (2 * 11));
    }

    [Fact]
    public void TheLatentProjectionIsSplitWithTheKeysTransposed()
    {
        ModelConfig config = TinyModels.DeepSeekV3(Model);
        GgufExport.Write(Model, Output, GgufFileType.F32, "tiny");
        using GgufReader file = GgufReader.Open(Output);
        float[] joined = TinyModels.Values("model.layers.1.self_attn.kv_b_proj.weight", [4 * 64, 32], 1);
        float[] keys = Floats(file, "blk.1.attn_k_b.weight"), values = Floats(file, "blk.1.attn_v_b.weight");
        for (int head = 0; head < 4; head++)
        {
            for (int row = 0; row < 32; row++)
            {
                for (int column = 0; column < 32; column++)
                {
                    Assert.Equal(joined[(((head * 64) + row) * 32) + column], keys[(((head * 32) + column) * 32) + row]);
                    Assert.Equal(joined[(((head * 64) + 32 + row) * 32) + column], values[(((head * 32) + row) * 32) + column]);
                }
            }
        }
        Assert.Equal(config.NumAttentionHeads, file.Tensors.Single(tensor => tensor.Name == "blk.1.attn_k_b.weight").Shape[0]);
    }

    [Theory]
    [InlineData(GgufFileType.F32, 0u)]
    [InlineData(GgufFileType.F16, 1u)]
    [InlineData(GgufFileType.Q8_0, 7u)]
    [InlineData(GgufFileType.BF16, 32u)]
    public void VectorsRoutersAndNormsStayInSinglePrecision(GgufFileType type, uint number)
    {
        TinyModels.DeepSeekV3(Model);
        GgufExport.Write(Model, Output, type, "tiny");
        using GgufReader file = GgufReader.Open(Output);
        Assert.True(file.Metadata.TryGet("general.file_type", out object? stored));
        Assert.Equal(number, stored);
        foreach (GgufTensorInfo tensor in file.Tensors)
        {
            bool single = tensor.Shape.Count == 1 || tensor.Name.EndsWith("ffn_gate_inp.weight", StringComparison.Ordinal);
            Assert.Equal(single ? "F32" : type.ToString(), tensor.Type.ToString());
        }
    }

    [Fact]
    public void RowsThatAreNoWholeBlocksFallBackToHalfPrecisionAndAreReported()
    {
        TinyModels.DeepSeekV3(Model, nope: 16);
        GgufSummary summary = GgufExport.Write(Model, Output, GgufFileType.Q8_0, "tiny");
        Assert.Equal(["blk.0.attn_k_b.weight", "blk.1.attn_k_b.weight", "blk.2.attn_k_b.weight"], summary.FallbackTensors);
        using GgufReader file = GgufReader.Open(Output);
        Assert.Equal(GgufTensorType.F16, file.Tensors.Single(tensor => tensor.Name == "blk.0.attn_k_b.weight").Type);
        Assert.InRange(summary.BitsPerWeight, 8.5, 10);
    }

    [Fact]
    public void SamplingDefaultsAreCarriedOver()
    {
        TinyModels.Qwen2(Model);
        File.WriteAllText(Path.Combine(Model, "generation_config.json"), """{"do_sample": true, "temperature": 0.7, "top_p": 0.8, "top_k": 20, "min_p": 0.05, "repetition_penalty": 1.05}""");
        GgufExport.Write(Model, Output, GgufFileType.F16, "tiny");
        using GgufReader file = GgufReader.Open(Output);
        (string Key, object Value)[] expected = [("temp", 0.7f), ("top_p", 0.8f), ("top_k", 20), ("min_p", 0.05f), ("penalty_repeat", 1.05f)]; // 32-bit floats, and a signed count
        Assert.Equal(expected, file.Metadata.Where(pair => pair.Key.StartsWith("general.sampling.", StringComparison.Ordinal)).Select(pair => (pair.Key["general.sampling.".Length..], pair.Value)));
    }

    [Fact]
    public void MetadataHasTheTypesThatLlamaCppAsksFor()
    {
        TinyModels.Qwen2(Model);
        File.WriteAllText(Path.Combine(Model, "README.md"), "---\nlicense: mit\ntags: [x]\n---\n# Tiny\n");
        GgufExport.Write(Model, Output, GgufFileType.Q8_0, "tiny");
        AssertMetadata(new Dictionary<string, object>
        {
            ["general.architecture"] = "qwen2",
            ["general.type"] = "model",
            ["general.name"] = "tiny",
            ["general.size_label"] = "80K",
            ["general.license"] = "mit",
            ["general.sampling.temp"] = 0.6f,
            ["general.sampling.top_p"] = 0.95f,
            ["general.file_type"] = 7u,
            ["general.quantization_version"] = 2u,
            ["qwen2.block_count"] = 2u,
            ["qwen2.context_length"] = 256u,
            ["qwen2.embedding_length"] = 64u,
            ["qwen2.feed_forward_length"] = 96u,
            ["qwen2.attention.head_count"] = 4u,
            ["qwen2.attention.head_count_kv"] = 2u,
            ["qwen2.attention.layer_norm_rms_epsilon"] = 1e-6f,
            ["qwen2.rope.freq_base"] = 10000f,
            ["qwen2.vocab_size"] = 286u,
            ["tokenizer.ggml.model"] = "gpt2",
            ["tokenizer.ggml.pre"] = "qwen2",
            ["tokenizer.ggml.bos_token_id"] = 274u,
            ["tokenizer.ggml.eos_token_id"] = 275u,
            ["tokenizer.ggml.padding_token_id"] = 276u,
            ["tokenizer.ggml.add_bos_token"] = false,
            ["tokenizer.chat_template"] = TinyModels.ChatTemplate,
        });
        using GgufReader file = GgufReader.Open(Output);
        Assert.Equal("general.architecture", file.Metadata.First().Key);
    }

    [Fact]
    public void LatentAttentionIsDescribedAsOneCompressedHead()
    {
        TinyModels.DeepSeekV3(Model, groups: 2);
        GgufExport.Write(Model, Output, GgufFileType.F32, "tiny");
        AssertMetadata(new Dictionary<string, object>
        {
            ["general.architecture"] = "deepseek2",
            ["deepseek2.attention.head_count"] = 4u,
            ["deepseek2.attention.head_count_kv"] = 1u,
            ["deepseek2.attention.key_length"] = 48u,
            ["deepseek2.attention.value_length"] = 32u,
            ["deepseek2.attention.key_length_mla"] = 48u,
            ["deepseek2.attention.value_length_mla"] = 32u,
            ["deepseek2.attention.q_lora_rank"] = 64u,
            ["deepseek2.attention.kv_lora_rank"] = 32u,
            ["deepseek2.rope.dimension_count"] = 16u,
            ["deepseek2.leading_dense_block_count"] = 1u,
            ["deepseek2.expert_count"] = 8u,
            ["deepseek2.expert_used_count"] = 2u,
            ["deepseek2.expert_shared_count"] = 1u,
            ["deepseek2.expert_feed_forward_length"] = 32u,
            ["deepseek2.expert_weights_scale"] = 2.5f,
            ["deepseek2.expert_weights_norm"] = true,
            ["deepseek2.expert_gating_func"] = 2u,
            ["deepseek2.expert_group_count"] = 2u,
            ["deepseek2.expert_group_used_count"] = 1u,
        });
    }

    [Fact]
    public void AChatTemplateInAFileOfItsOwnGoesFirst()
    {
        TinyModels.Qwen2(Model); // has another in tokenizer_config.json
        File.WriteAllText(Path.Combine(Model, "chat_template.jinja"), "{{ messages }}");
        GgufExport.Write(Model, Output, GgufFileType.F32, "tiny");
        AssertMetadata(new Dictionary<string, object> { ["tokenizer.chat_template"] = "{{ messages }}" });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void TheShapeIsReadBackFromTheMetadata(bool deepSeek)
    {
        ModelConfig config = deepSeek ? TinyModels.DeepSeekV3(Model, groups: 2) : TinyModels.Qwen2(Model);
        GgufExport.Write(Model, Output, GgufFileType.F16, "tiny");
        using GgufReader file = GgufReader.Open(Output);
        ModelConfig read = GgufModelConfig.Read(file);
        Assert.Equal(config.EosTokenIds, read.EosTokenIds);
        Assert.Equal(config.RmsNormEps, read.RmsNormEps, 1e-12);
        Assert.Equal(config with { EosTokenIds = read.EosTokenIds, RmsNormEps = read.RmsNormEps, PadTokenId = 276 }, read);
    }

    [Theory]
    [InlineData("linear")]
    [InlineData("yarn")]
    [InlineData("yarn with mscale")]
    public void RotaryScalingIsReadBack(string kind)
    {
        var yarn = new YarnRopeScaling { Factor = 4, OriginalMaxPositionEmbeddings = 64 };
        ModelConfig config = kind switch
        {
            "linear" => TinyModels.Dense(Architecture.Llama) with { RopeScaling = new LinearRopeScaling(4) },
            "yarn" => TinyModels.Dense(Architecture.Qwen2) with { RopeScaling = yarn },
            _ => TinyModels.MixtureOfExperts() with { RopeScaling = yarn with { Mscale = 1, MscaleAllDim = 1 } },
        };
        TinyModels.Write(Model, config);
        GgufExport.Write(Model, Output, GgufFileType.F16, "tiny");
        using GgufReader file = GgufReader.Open(Output);
        RopeScaling? read = GgufModelConfig.Read(file).RopeScaling;
        if (read is YarnRopeScaling { Mscale: { } part, MscaleAllDim: { } whole } stretched)
            read = stretched with { Mscale = Math.Round(part, 6), MscaleAllDim = Math.Round(whole, 6) }; // single precision in the file
        Assert.Equal(config.RopeScaling, read);
    }

    [Fact]
    public void TheSameModelGivesTheSameBytes()
    {
        TinyModels.DeepSeekV3(Model);
        GgufExport.Write(Model, Output, GgufFileType.Q8_0, "tiny");
        GgufExport.Write(Model, _folder["again.gguf"], GgufFileType.Q8_0, "tiny");
        Assert.Equal(Fingerprint.OfFile(Output), Fingerprint.OfFile(_folder["again.gguf"]));
    }

    [Fact]
    public void HalfPrecisionCheckpointsAreReadExactly()
    {
        TinyModels.Qwen2(Model, type: TensorType.BF16);
        GgufExport.Write(Model, Output, GgufFileType.BF16, "tiny");
        using IWeightSource checkpoint = WeightSource.Open(Model);
        using IWeightSource exported = GgufWeights.Open(Output);
        foreach (TensorInfo tensor in checkpoint.Tensors) Assert.Equal(Floats(checkpoint, tensor.Name), Floats(exported, tensor.Name));
    }

    [Theory]
    [InlineData(float.NaN, GgufFileType.F32, "holds NaN")]
    [InlineData(float.PositiveInfinity, GgufFileType.Q8_0, "holds ∞")]
    [InlineData(float.NegativeInfinity, GgufFileType.BF16, "holds -∞")]
    [InlineData(1e6f, GgufFileType.F16, "too large for F16")]
    [InlineData(1e7f, GgufFileType.Q8_0, "too large for Q8_0")]
    public void ValuesThatCannotBeStoredAreNamedAndNoFileIsLeft(float value, GgufFileType type, string expected)
    {
        TinyModels.Qwen2(Model);
        Rewrite("model.layers.1.mlp.up_proj.weight", values => values[70] = value);
        InputException error = Assert.Throws<InputException>(() => GgufExport.Write(Model, Output, type, "tiny"));
        Assert.Contains("`model.layers.1.mlp.up_proj.weight`", error.Message);
        Assert.Contains(expected, error.Message.Replace("Infinity", "∞"));
        Assert.Contains("element 70", error.Message);
        Assert.Equal([Model], Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void TensorsThatAreMissingMisshapenOrUnknownAreNamed()
    {
        ModelConfig config = TinyModels.Qwen2(Model);
        WriteTensors(TinyModels.Tensors(config).Where(tensor => tensor.Name != "model.norm.weight"));
        AssertRefused("`model.norm.weight` is missing");
        WriteTensors(TinyModels.Tensors(config).Select(tensor => tensor.Name == "model.norm.weight" ? (tensor.Name, [32L]) : tensor));
        AssertRefused("`model.norm.weight` has shape [32], expected [64]");
        WriteTensors(TinyModels.Tensors(config).Append(("model.layers.0.self_attn.q_norm.weight", [16L])));
        AssertRefused("`model.layers.0.self_attn.q_norm.weight` has no place");
        WriteTensors(TinyModels.Tensors(config).Append(("model.layers.2.mlp.up_proj.weight", [16L])).Append(("model.layers.0.self_attn.rotary_emb.inv_freq", [8L])));
        GgufExport.Write(Model, Output, GgufFileType.F32, "tiny"); // layers for multi-token prediction and old buffers are dropped
    }

    [Fact]
    public void ATiedHeadMayBePresentOnlyWhenItEqualsTheEmbedding()
    {
        ModelConfig config = TinyModels.Qwen2(Model);
        float[] embedding = TinyModels.Values("model.embed_tokens.weight", [config.VocabSize, 64], 1);
        IEnumerable<TensorToWrite> rest = TinyModels.Tensors(config).Select(tensor => TinyModels.Tensor(tensor.Name, TensorType.F32, tensor.Shape, TinyModels.Values(tensor.Name, tensor.Shape, 1)));
        WriteTensors([.. rest, TinyModels.Tensor("lm_head.weight", TensorType.F32, [config.VocabSize, 64], embedding)]);
        GgufExport.Write(Model, Output, GgufFileType.F32, "tiny");
        using (GgufReader file = GgufReader.Open(Output)) Assert.False(file.TryGet("output.weight", out _));

        File.Delete(Output);
        float[] other = [.. embedding];
        other[^1] += 1;
        WriteTensors([.. rest, TinyModels.Tensor("lm_head.weight", TensorType.F32, [config.VocabSize, 64], other)]);
        AssertRefused("`lm_head.weight` differs");
    }

    [Fact]
    public void ModelsThatLlamaCppCannotLoadAreRefused()
    {
        TinyModels.DeepSeekV3(Model);
        EditConfig(json => json.Remove("q_lora_rank"));
        AssertRefused("`q_lora_rank`");
        TinyModels.Write(Model, TinyModels.MixtureOfExperts() with { RopeScaling = new YarnRopeScaling { Factor = 4, OriginalMaxPositionEmbeddings = 64 } });
        AssertRefused("`mscale_all_dim`");
        TinyModels.Write(Model, TinyModels.Dense(Architecture.Qwen3) with { RopeScaling = new YarnRopeScaling { Factor = 4, OriginalMaxPositionEmbeddings = 64, BetaFast = 16 } });
        AssertRefused("`beta_fast`");
    }

    private void AssertComesBack(ModelConfig config, int tensorsInFile)
    {
        GgufSummary summary = GgufExport.Write(Model, Output, GgufFileType.F32, "tiny");
        using GgufReader file = GgufReader.Open(Output);
        Assert.Equal(tensorsInFile, file.Tensors.Count);
        using var weights = new GgufWeights(file);
        (string Name, long[] Shape)[] expected = [.. TinyModels.Tensors(config)];
        Assert.Equal(expected.Select(tensor => tensor.Name).Order(), weights.Tensors.Select(tensor => tensor.Name).Order());
        foreach ((string name, long[] shape) in expected)
        {
            TensorInfo info = weights.Require(name, shape);
            Assert.Equal(TinyModels.Values(name, shape, 1), Floats(weights, info.Name));
        }
        Assert.Equal(expected.Sum(tensor => tensor.Shape.Aggregate((a, b) => a * b)), summary.Parameters);
        Assert.Equal(32, summary.BitsPerWeight, 0.01); // the table of rotary factors belongs to no weight
    }

    private void AssertMetadata(Dictionary<string, object> expected)
    {
        using GgufReader file = GgufReader.Open(Output);
        foreach ((string key, object value) in expected)
        {
            Assert.True(file.Metadata.TryGet(key, out object? stored), key);
            Assert.Equal(value, stored);
        }
    }

    private void AssertRefused(string expected)
    {
        InputException error = Assert.Throws<InputException>(() => GgufExport.Write(Model, Output, GgufFileType.F32, "tiny"));
        Assert.Contains(expected, error.Message);
        Assert.False(File.Exists(Output));
    }

    private void Rewrite(string name, Action<float[]> change)
    {
        ModelConfig config = ModelConfigFile.Load(Model);
        WriteTensors([.. TinyModels.Tensors(config).Select(tensor =>
        {
            float[] values = TinyModels.Values(tensor.Name, tensor.Shape, 1);
            if (tensor.Name == name) change(values);
            return TinyModels.Tensor(tensor.Name, TensorType.F32, tensor.Shape, values);
        })]);
    }

    private void WriteTensors(IEnumerable<(string Name, long[] Shape)> tensors) =>
        WriteTensors([.. tensors.Select(tensor => TinyModels.Tensor(tensor.Name, TensorType.F32, tensor.Shape, TinyModels.Values(tensor.Name, tensor.Shape, 1)))]);

    private void WriteTensors(TensorToWrite[] tensors) => SafetensorsWriter.Write(Path.Combine(Model, WeightSource.SingleFileName), tensors);

    private void EditConfig(Action<JsonObject> edit)
    {
        string path = Path.Combine(Model, "config.json");
        JsonObject json = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        edit(json);
        File.WriteAllText(path, json.ToJsonString());
    }

    private static float[] Floats(GgufReader file, string name)
    {
        Assert.True(file.TryGet(name, out GgufTensorInfo? info));
        var values = new float[info.ElementCount];
        file.ReadFloats(info, 0, values);
        return values;
    }

    private static float[] Floats(IWeightSource source, string name)
    {
        Assert.True(source.TryGet(name, out TensorInfo? info));
        var values = new float[info.ElementCount];
        source.ReadFloats(info, 0, values);
        return values;
    }
}
