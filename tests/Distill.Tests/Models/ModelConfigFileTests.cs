using System.Text.Json.Nodes;
using Distill.Models;
using Distill.Runs;
using Xunit;

namespace Distill.Tests.Models;

public sealed class ModelConfigFileTests : IDisposable
{
    // The published files of Llama-3.1-8B, Qwen2.5-Math-7B, Qwen3-4B and DeepSeek-R1, keys without meaning here left out but for one.
    private const string Llama = """
        {"architectures":["LlamaForCausalLM"],"attention_bias":false,"bos_token_id":128000,"eos_token_id":[128001,128008,128009],"hidden_act":"silu",
        "hidden_size":4096,"initializer_range":0.02,"intermediate_size":14336,"max_position_embeddings":131072,"mlp_bias":false,"model_type":"llama",
        "num_attention_heads":32,"num_hidden_layers":32,"num_key_value_heads":8,"pretraining_tp":1,"rms_norm_eps":1e-05,
        "rope_scaling":{"factor":8.0,"low_freq_factor":1.0,"high_freq_factor":4.0,"original_max_position_embeddings":8192,"rope_type":"llama3"},
        "rope_theta":500000.0,"tie_word_embeddings":false,"torch_dtype":"bfloat16","vocab_size":128256}
        """;

    private const string Qwen2 = """
        {"architectures":["Qwen2ForCausalLM"],"bos_token_id":151643,"eos_token_id":151643,"hidden_act":"silu","hidden_size":3584,"initializer_range":0.02,
        "intermediate_size":18944,"max_position_embeddings":4096,"max_window_layers":28,"model_type":"qwen2","num_attention_heads":28,"num_hidden_layers":28,
        "num_key_value_heads":4,"rms_norm_eps":1e-06,"rope_theta":10000,"sliding_window":4096,"tie_word_embeddings":false,"torch_dtype":"bfloat16",
        "use_sliding_window":false,"vocab_size":152064}
        """;

    private const string Qwen3 = """
        {"architectures":["Qwen3ForCausalLM"],"attention_bias":false,"dtype":"bfloat16","eos_token_id":151645,"head_dim":128,"hidden_act":"silu","hidden_size":2560,
        "intermediate_size":9728,"layer_types":["full_attention","full_attention"],"max_position_embeddings":40960,"model_type":"qwen3","num_attention_heads":32,
        "num_hidden_layers":36,"num_key_value_heads":8,"pad_token_id":null,"rms_norm_eps":1e-06,"rope_parameters":{"rope_theta":1000000,"rope_type":"default"},
        "sliding_window":null,"tie_word_embeddings":true,"use_sliding_window":false,"vocab_size":151936}
        """;

    private const string DeepSeek = """
        {"architectures":["DeepseekV3ForCausalLM"],"auto_map":{"AutoConfig":"configuration_deepseek.DeepseekV3Config"},"bos_token_id":0,"eos_token_id":1,
        "first_k_dense_replace":3,"hidden_act":"silu","hidden_size":7168,"intermediate_size":18432,"kv_lora_rank":512,"max_position_embeddings":163840,
        "model_type":"deepseek_v3","moe_intermediate_size":2048,"moe_layer_freq":1,"n_group":8,"n_routed_experts":256,"n_shared_experts":1,"norm_topk_prob":true,
        "num_attention_heads":128,"num_experts_per_tok":8,"num_hidden_layers":61,"num_key_value_heads":128,"num_nextn_predict_layers":1,"q_lora_rank":1536,
        "qk_nope_head_dim":128,"qk_rope_head_dim":64,"quantization_config":{"activation_scheme":"dynamic","fmt":"e4m3","quant_method":"fp8","weight_block_size":[128,128]},
        "rms_norm_eps":1e-06,"rope_scaling":{"beta_fast":32,"beta_slow":1,"factor":40,"mscale":1.0,"mscale_all_dim":1.0,"original_max_position_embeddings":4096,"type":"yarn"},
        "rope_theta":10000,"routed_scaling_factor":2.5,"scoring_func":"sigmoid","tie_word_embeddings":false,"topk_group":4,"topk_method":"noaux_tc",
        "torch_dtype":"bfloat16","v_head_dim":128,"vocab_size":129280}
        """;

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Files => [Llama, Qwen2, Qwen3, DeepSeek];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void PublishedModelsHaveThePublishedNumberOfParameters()
    {
        Assert.Equal(8_030_261_248, Read(Llama).ParameterCount());
        Assert.Equal(7_615_616_512, Read(Qwen2).ParameterCount());
        Assert.Equal(4_022_468_096, Read(Qwen3).ParameterCount());
        Assert.Equal(671_026_419_200, Read(DeepSeek).ParameterCount());
    }

    [Fact]
    public void RotarySettingsAreFoundInTheOldPlaceAndInTheNew()
    {
        ModelConfig old = Read(Llama), now = Read(Edit(Llama, json =>
        {
            JsonNode parameters = json["rope_scaling"]!.DeepClone();
            parameters["rope_theta"] = 500000.0;
            json.Remove("rope_scaling");
            json.Remove("rope_theta");
            json["rope_parameters"] = parameters;
        }));
        Assert.Equal(500000, old.RopeTheta);
        Assert.Equal(new Llama3RopeScaling(8, 1, 4, 8192), old.RopeScaling);
        Assert.Equal((old.RopeTheta, old.RopeScaling), (now.RopeTheta, now.RopeScaling));
        Assert.Equal(1_000_000, Read(Qwen3).RopeTheta);
        Assert.Null(Read(Qwen3).RopeScaling);
        var yarn = Assert.IsType<YarnRopeScaling>(Read(DeepSeek).RopeScaling);
        Assert.Equal((40, 4096, 1.0, 1.0), (yarn.Factor, yarn.OriginalMaxPositionEmbeddings, yarn.Mscale, yarn.MscaleAllDim));
        Assert.Equal(1, yarn.Magnitude);
        Assert.Equal(Math.Pow((0.1 * Math.Log(40)) + 1, 2), yarn.ScoreFactor, 12);
    }

    [Theory, MemberData(nameof(Files))]
    public void AFileWrittenBackIsTheFileThatWasReadButForItsDataTypeAndWhatDoesNotComeAlong(string file)
    {
        ModelConfigFile.Save(Read(file) with { Origin = Read(Edit(file, json => json["made_by"] = "someone")).Origin }, _folder.Path);
        JsonObject expected = JsonNode.Parse(file)!.AsObject();
        expected[expected.ContainsKey("dtype") ? "dtype" : "torch_dtype"] = "float32";
        expected["made_by"] = "someone";
        expected.Remove("auto_map");
        expected.Remove("quantization_config");
        if (expected.ContainsKey("num_nextn_predict_layers")) expected["num_nextn_predict_layers"] = 0;
        JsonNode actual = JsonNode.Parse(File.ReadAllText(_folder[ModelConfigFile.FileName]))!;
        Assert.True(JsonNode.DeepEquals(expected, actual), actual.ToJsonString());
        Assert.Equal(expected.Select(item => item.Key), actual.AsObject().Select(item => item.Key));
    }

    [Theory, MemberData(nameof(Files))]
    public void AFileWrittenAnewIsReadToTheSameShape(string file)
    {
        ModelConfig config = Read(file) with { Origin = null };
        ModelConfigFile.Save(config, _folder.Path);
        ModelConfig read = ModelConfigFile.Load(_folder.Path) with { Origin = null };
        Assert.Equal(config.EosTokenIds, read.EosTokenIds);
        Assert.Equal(config with { EosTokenIds = [] }, read with { EosTokenIds = [] });
    }

    [Fact]
    public void AChangedShapeIsWrittenInTheStyleOfTheFile()
    {
        ModelConfigFile.Save(Read(Qwen3) with { RopeTheta = 5e6, RopeScaling = new LinearRopeScaling(2), EosTokenIds = [7] }, _folder.Path);
        JsonNode json = JsonNode.Parse(File.ReadAllText(_folder[ModelConfigFile.FileName]))!;
        Assert.Equal(5e6, (double)json["rope_parameters"]!["rope_theta"]!);
        Assert.Equal("linear", (string?)json["rope_parameters"]!["rope_type"]);
        Assert.Equal(7, (int)json["eos_token_id"]!);
        Assert.Null(json["rope_theta"]);
        Assert.Null(json["rope_scaling"]);
        Assert.Equal(new LinearRopeScaling(2), ModelConfigFile.Load(_folder.Path).RopeScaling);
    }

    [Fact]
    public void YarnFollowsTheDefinition()
    {
        // Pair i of 32 turns 4096·10000^(-i/32)/2π times in the old context: 32 turns at i = 10.47 and one at i = 22.5, rounded outwards.
        double[] divisors = Read(DeepSeek).RopeScaling!.Divisors(RopeScaling.Unscaled(10000, 64), 10000);
        Assert.All(divisors[..11], divisor => Assert.Equal(1, divisor, 12));
        Assert.All(divisors[23..], divisor => Assert.Equal(40, divisor, 12));
        double slowed = (16 - 10) / 13.0;
        Assert.Equal(1 / ((slowed / 40) + 1 - slowed), divisors[16], 12);
    }

    [Theory]
    [InlineData("use_sliding_window", "true", "`use_sliding_window` is true")]
    [InlineData("layer_types", "[\"full_attention\",\"sliding_attention\"]", "`layer_types`")]
    [InlineData("hidden_act", "\"gelu\"", "`hidden_act` is \"gelu\"")]
    [InlineData("mlp_bias", "true", "`mlp_bias` is true")]
    [InlineData("rope_scaling", "{\"type\":\"dynamic\",\"factor\":2}", "`rope_scaling.type` is \"dynamic\"")]
    [InlineData("rope_scaling", "{\"type\":\"yarn\"}", "key `rope_scaling.factor` is missing")]
    [InlineData("rope_scaling", "{\"type\":\"linear\",\"factor\":-1}", "`factor` has a value")]
    [InlineData("rope_scaling", "7", "`rope_scaling` is not an object")]
    [InlineData("rope_parameters", "{\"full_attention\":{\"rope_theta\":1}}", "`rope_parameters.full_attention`")]
    [InlineData("quantization_config", "{\"quant_method\":\"gptq\"}", "`quantization_config.quant_method` is \"gptq\"")]
    [InlineData("hidden_size", "3584.5", "`hidden_size` is not a whole number")]
    [InlineData("hidden_size", "\"many\"", "`hidden_size` is not a usable number")]
    [InlineData("num_key_value_heads", "5", "`num_key_value_heads` has a value")]
    [InlineData("vocab_size", "null", "key `vocab_size` is missing")]
    [InlineData("eos_token_id", "[1,\"x\"]", "`eos_token_id` is not a list of token ids")]
    [InlineData("tie_word_embeddings", "1", "`tie_word_embeddings` is not true or false")]
    [InlineData("architectures", "[\"MambaForCausalLM\"]", "architecture `MambaForCausalLM` is not known")]
    public void WhatIsNotKnownIsRefusedByName(string key, string value, string expected)
    {
        string file = Edit(Qwen2, json => (json["max_window_layers"], json["sliding_window"], json[key]) = (14, 2048, JsonNode.Parse(value)));
        InputException error = Assert.Throws<InputException>(() => Read(file));
        Assert.Contains("config.json", error.Message);
        Assert.Contains(expected, error.Message);
    }

    [Theory]
    [InlineData("scoring_func", "\"softmax\"")]
    [InlineData("topk_method", "\"greedy\"")]
    [InlineData("moe_layer_freq", "2")]
    [InlineData("rope_interleave", "false")]
    [InlineData("attention_bias", "true")]
    public void DeepSeekSettingsThatWouldGiveAnotherModelAreRefused(string key, string value) =>
        Assert.Contains($"`{key}` is", Assert.Throws<InputException>(() => Read(Edit(DeepSeek, json => json[key] = JsonNode.Parse(value)))).Message);

    [Fact]
    public void ASlidingWindowThatNoLayerUsesIsNoReasonToRefuse()
    {
        Read(Edit(Qwen2, json => json["use_sliding_window"] = true)); // max_window_layers is the number of layers
        Read(Edit(Qwen2, json => (json["use_sliding_window"], json["max_window_layers"], json["sliding_window"]) = (true, 0, 4096))); // as wide as the context
    }

    [Fact]
    public void DamagedJsonIsNamedWithItsLine()
    {
        Assert.Contains("config.json:2: is not valid JSON", Assert.Throws<InputException>(() => Read("{\n\"a\": }")).Message);
        Assert.Contains("is not valid JSON", Assert.Throws<InputException>(() => Read("{\"a\":1,\"a\":2}")).Message);
        Assert.Contains("is not valid JSON", Assert.Throws<InputException>(() => Read("{\"hidden_act\":\"\\ud800\"}")).Message);
        Assert.Equal(28, Read("\uFEFF" + Qwen2).NumHiddenLayers);
        Assert.Contains("is not a JSON object", Assert.Throws<InputException>(() => Read("[1]")).Message);
    }

    private static ModelConfig Read(string json) => ModelConfigFile.Parse("config.json", System.Text.Encoding.UTF8.GetBytes(json));

    private static string Edit(string json, Action<JsonObject> edit)
    {
        JsonObject root = JsonNode.Parse(json)!.AsObject();
        edit(root);
        return root.ToJsonString();
    }
}
