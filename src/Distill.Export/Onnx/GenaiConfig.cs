using System.Text.Json.Nodes;
using Distill.Models;

namespace Distill.Export.Onnx;

/// <summary>
/// <c>genai_config.json</c>, which ONNX Runtime GenAI reads. It refuses every key it does not know, so nothing of ours
/// stands here. Source: <c>src/config.cpp</c> and <c>src/python/py/models/builder.py</c> of microsoft/onnxruntime-genai.
/// </summary>
internal static class GenaiConfig
{
    public const string FileName = "genai_config.json";

    // The KV cache is allocated for this many positions when a generator is made.
    private const int LongestGeneration = 8192;

    public static JsonObject Of(ModelConfig config, int contextLength, JsonObject? generation, string fileName)
    {
        int end = config.EosTokenIds.Count > 0 ? config.EosTokenIds[0] : 0;
        return new JsonObject
        {
            ["model"] = new JsonObject
            {
                ["type"] = config.Architecture.ToString().ToLowerInvariant(), // as the class in `architectures` begins
                ["bos_token_id"] = config.BosTokenId ?? end,
                ["eos_token_id"] = new JsonArray([.. config.EosTokenIds.Union(Ends(generation)).Select(id => (JsonNode)id)]),
                ["pad_token_id"] = config.PadTokenId ?? end,
                ["context_length"] = contextLength,
                ["vocab_size"] = config.VocabSize,
                ["decoder"] = Decoder(config, fileName),
            },
            ["search"] = Search(contextLength, generation),
        };
    }

    // The other runtimes stop at these too.
    private static IEnumerable<int> Ends(JsonObject? generation) => (generation?["eos_token_id"] is JsonArray list ? list : [generation?["eos_token_id"]?.DeepClone()])
        .OfType<JsonValue>().Select(value => value.TryGetValue(out int id) ? id : -1).Where(id => id >= 0);

    private static JsonObject Decoder(ModelConfig config, string fileName) => new()
    {
        ["session_options"] = new JsonObject { ["log_id"] = "onnxruntime-genai", ["provider_options"] = new JsonArray() },
        ["filename"] = $"{OnnxExport.GraphFolderName}/{fileName}",
        ["head_size"] = config.HeadDim,
        ["hidden_size"] = config.HiddenSize,
        ["num_attention_heads"] = config.NumAttentionHeads,
        ["num_hidden_layers"] = config.NumHiddenLayers,
        ["num_key_value_heads"] = config.NumKeyValueHeads,
        ["inputs"] = new JsonObject
        {
            ["input_ids"] = "input_ids",
            ["attention_mask"] = "attention_mask",
            ["position_ids"] = "position_ids",
            ["past_key_names"] = "past_key_values.%d.key",
            ["past_value_names"] = "past_key_values.%d.value",
        },
        ["outputs"] = new JsonObject
        {
            ["logits"] = "logits",
            ["present_key_names"] = "present.%d.key",
            ["present_value_names"] = "present.%d.value",
        },
    };

    private static JsonObject Search(int contextLength, JsonObject? generation)
    {
        double Number(string key, double otherwise) =>
            generation?[key] is JsonValue value && value.TryGetValue(out double number) ? number : otherwise;
        double temperature = Number("temperature", 1);
        return new JsonObject
        {
            ["do_sample"] = generation?["do_sample"] is JsonValue sample && sample.TryGetValue(out bool drawn) ? drawn : temperature > 0 && generation?["temperature"] is not null,
            ["early_stopping"] = true,
            ["length_penalty"] = 1.0,
            ["max_length"] = Math.Min(contextLength, LongestGeneration),
            ["min_length"] = 0,
            ["no_repeat_ngram_size"] = 0,
            ["num_beams"] = 1,
            ["num_return_sequences"] = 1,
            ["past_present_share_buffer"] = true,
            ["repetition_penalty"] = Number("repetition_penalty", 1),
            ["temperature"] = temperature,
            ["top_k"] = (int)Number("top_k", 50),
            ["top_p"] = Number("top_p", 1),
        };
    }
}
