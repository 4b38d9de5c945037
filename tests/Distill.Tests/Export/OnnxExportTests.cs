using System.Text.Json.Nodes;
using Distill.Export.Onnx;
using Distill.Inference;
using Distill.Models;
using Distill.Runs;
using Microsoft.ML.OnnxRuntime;
using Xunit;

namespace Distill.Tests.Export;

public sealed class OnnxExportTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void TheSameModelGivesTheSameBytes()
    {
        string model = new TinyQwen2(tied: false).Save(folder["hf"]);
        string first = OnnxExport.Write(model, folder["a"], TestContext.Current.CancellationToken);
        string second = OnnxExport.Write(model, folder["b"], TestContext.Current.CancellationToken);
        Assert.Equal(File.ReadAllBytes(first), File.ReadAllBytes(second));
        Assert.Equal(Fingerprint.OfPath(folder["a"]), Fingerprint.OfPath(folder["b"]));
    }

    [Fact]
    public void InputsAndOutputsAreWhatReadersExpect()
    {
        string file = OnnxExport.Write(new TinyQwen2(tied: true).Save(folder["hf"]), folder["onnx"], TestContext.Current.CancellationToken);
        using var session = new InferenceSession(file);
        Assert.Equal(
            ["input_ids", "attention_mask", "position_ids", "past_key_values.0.key", "past_key_values.0.value", "past_key_values.1.key", "past_key_values.1.value"],
            session.InputNames);
        Assert.Equal(["logits", "present.0.key", "present.0.value", "present.1.key", "present.1.value"], session.OutputNames);

        // transformers.js makes the first cache of these: a dimension it does not know by name becomes 0.
        NodeMetadata past = session.InputMetadata["past_key_values.0.key"];
        Assert.Equal(["batch_size", "", "past_sequence_length", ""], past.SymbolicDimensions);
        Assert.Equal([-1, 2, -1, 16], past.Dimensions);
        Assert.Equal([-1, -1, 96], session.OutputMetadata["logits"].Dimensions);

        ModelMetadata metadata = session.ModelMetadata;
        Assert.Equal("distill", metadata.ProducerName);
        Assert.Equal("512", metadata.CustomMetadataMap["context_length"]);
        Assert.Equal(64, metadata.CustomMetadataMap["source_fingerprint"].Length);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void LargeModelsKeepTheirWeightsInAFileOfTheirOwn(bool tied)
    {
        string model = new TinyQwen2(tied).Save(folder["hf"]);
        OnnxExport.Write(model, folder["one"], TestContext.Current.CancellationToken);
        OnnxExport.Write(model, folder["two"], externalAbove: 1000, TestContext.Current.CancellationToken);

        Assert.True(new FileInfo(Path.Combine(folder["two"], "onnx", "model.onnx_data")).Length > 200_000);
        Assert.True(new FileInfo(Path.Combine(folder["two"], "onnx", "model.onnx")).Length < 30_000);
        Assert.Equal(Logits(folder["one"]), Logits(folder["two"]));
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(folder["two"], "config.json")))!;
        Assert.Equal(1, (int)config["transformers.js_config"]!["use_external_data_format"]!["model.onnx"]!);

        OnnxExport.Write(model, folder["two"], TestContext.Current.CancellationToken);
        Assert.False(File.Exists(Path.Combine(folder["two"], "onnx", "model.onnx_data")));
    }

    [Fact]
    public void TheFolderIsSelfContained()
    {
        string model = new TinyQwen2(tied: true).Save(folder["hf"]);
        File.WriteAllText(Path.Combine(model, "tokenizer.json"), "{}");
        File.WriteAllText(Path.Combine(model, "chat_template.jinja"), "{{ messages }}");
        File.WriteAllText(Path.Combine(model, "tokenizer_config.json"), """{"tokenizer_class": "TokenizersBackend", "model_max_length": 1e30, "chat_template": "other"}""");
        File.WriteAllText(Path.Combine(model, "generation_config.json"), """{"temperature": 0.6, "top_p": 0.95, "do_sample": true}""");
        OnnxExport.Write(model, folder["onnx"], TestContext.Current.CancellationToken);

        JsonNode tokenizer = Read("tokenizer_config.json"), genai = Read("genai_config.json");
        Assert.Equal("{{ messages }}", (string?)tokenizer["chat_template"]);
        Assert.Equal("PreTrainedTokenizerFast", (string?)tokenizer["tokenizer_class"]);
        Assert.Equal(int.MaxValue, (int)tokenizer["model_max_length"]!);
        Assert.Equal("{}", File.ReadAllText(Path.Combine(folder["onnx"], "tokenizer.json")));
        Assert.Equal("fp32", (string?)Read("config.json")["transformers.js_config"]!["dtype"]);
        Assert.Equal("onnx/model.onnx", (string?)genai["model"]!["decoder"]!["filename"]);
        Assert.Equal(0.6, (double)genai["search"]!["temperature"]!);
        Assert.Equal(512, (int)genai["search"]!["max_length"]!);
        ModelConfig before = ModelConfigFile.Load(model), after = ModelConfigFile.Load(folder["onnx"]);
        Assert.Equal(before.EosTokenIds, after.EosTokenIds);
        Assert.Equal(before with { EosTokenIds = [], Origin = null }, after with { EosTokenIds = [], Origin = null });

        JsonNode Read(string name) => JsonNode.Parse(File.ReadAllText(Path.Combine(folder["onnx"], name)))!;
    }

    [Fact]
    public void WeightsThatDoNotFitTheConfigurationAreNamed()
    {
        string model = new TinyQwen2(tied: false).Save(folder["hf"]);
        ModelConfig config = ModelConfigFile.Load(model);

        ModelConfigFile.Save(config with { NumHiddenLayers = 3 }, model);
        Refused("tensor `model.layers.2.input_layernorm.weight` is missing");
        ModelConfigFile.Save(config with { NumHiddenLayers = 1 }, model);
        Refused("tensor `model.layers.1.input_layernorm.weight` has no place in Qwen2");
        ModelConfigFile.Save(config with { IntermediateSize = 128 }, model);
        Refused("tensor `model.layers.0.mlp.gate_proj.weight` is [96, 64], config.json asks for [128, 64]");
        ModelConfigFile.Save(config with { TieWordEmbeddings = true }, model);
        Refused("`lm_head.weight` is another matrix");
        Assert.False(Directory.Exists(folder["onnx"]));

        void Refused(string message) => Assert.Contains(message, Assert.Throws<InputException>(() => OnnxExport.Write(model, folder["onnx"])).Message);
    }

    [Fact]
    public void OtherArchitecturesAreRefused()
    {
        string model = new TinyQwen2(tied: true, headDim: 12).Save(folder["hf"]);
        Assert.Contains("head_dim is 12", Assert.Throws<InputException>(() => OnnxExport.Write(model, folder["onnx"])).Message);

        File.WriteAllText(Path.Combine(model, "config.json"), """
            {"architectures": ["DeepseekV3ForCausalLM"], "vocab_size": 96, "hidden_size": 64, "intermediate_size": 96, "moe_intermediate_size": 32,
             "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 4, "kv_lora_rank": 16, "qk_nope_head_dim": 16, "qk_rope_head_dim": 8,
             "v_head_dim": 16, "n_routed_experts": 4, "num_experts_per_tok": 2, "n_shared_experts": 1, "first_k_dense_replace": 1, "max_position_embeddings": 512,
             "n_group": 1, "topk_group": 1, "routed_scaling_factor": 1.0, "rms_norm_eps": 1e-6, "rope_theta": 10000, "tie_word_embeddings": false}
            """);
        Assert.Contains("DeepSeekV3 cannot be exported to ONNX", Assert.Throws<InputException>(() => OnnxExport.Write(model, folder["onnx"])).Message);
    }

    [Fact]
    public void ACancelledExportLeavesNoModel()
    {
        string model = new TinyQwen2(tied: true).Save(folder["hf"]);
        Assert.Throws<OperationCanceledException>(() => OnnxExport.Write(model, folder["onnx"], new CancellationToken(canceled: true)));
        Assert.Empty(Directory.EnumerateFiles(folder["onnx"], "*", SearchOption.AllDirectories));
    }

    private static float[] Logits(string folder)
    {
        using OnnxLanguageModel model = OnnxLanguageModel.Open(folder);
        using IDecodingSession session = model.StartSession(8);
        float[] logits = new float[model.VocabularySize];
        session.Prefill([[1, 2, 3, 4]], logits);
        return logits;
    }
}
