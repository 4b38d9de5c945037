using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Distill.Chat;
using Distill.Models;
using Distill.Runs;

namespace Distill.Export.Onnx;

/// <summary>The files around <c>onnx/model.onnx</c> that make the folder self-contained.</summary>
internal static class OnnxFolder
{
    private const string TokenizerConfig = "tokenizer_config.json";

    private static readonly string[] Copied =
        ["tokenizer.json", "generation_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json", "merges.txt", "chat_template.jinja"];

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes the files.</summary>
    /// <param name="modelFolder">The model.</param>
    /// <param name="outFolder">Receives them.</param>
    /// <param name="config">Its shape.</param>
    /// <param name="contextLength">Most positions of the graphs.</param>
    /// <param name="precisions">The graphs that are there; the first is what a reader takes that is not told which.</param>
    public static void WriteSideFiles(string modelFolder, string outFolder, ModelConfig config, int contextLength, IReadOnlyList<OnnxPrecision> precisions)
    {
        foreach (string name in Copied)
        {
            string source = Path.Combine(modelFolder, name);
            if (!File.Exists(source)) continue;
            AtomicFile.Write(Path.Combine(outFolder, name), stream =>
            {
                using FileStream input = File.OpenRead(source);
                input.CopyTo(stream);
            });
        }
        WriteTokenizerConfig(modelFolder, outFolder);
        WriteConfig(modelFolder, outFolder, precisions);
        WriteJson(outFolder, GenaiConfig.FileName, GenaiConfig.Of(config, contextLength, TryRead(modelFolder, "generation_config.json"), precisions[0].FileName()));
    }

    // transformers.js asks for a quantized file unless config.json says which precision the folder holds.
    private static void WriteConfig(string modelFolder, string outFolder, IReadOnlyList<OnnxPrecision> precisions)
    {
        JsonObject config = TryRead(modelFolder, ModelConfigFile.FileName)!;
        var settings = new JsonObject { ["dtype"] = precisions[0].TransformersName() };
        string[] divided = [.. precisions.Select(precision => precision.FileName()).Where(name => File.Exists(Path.Combine(outFolder, OnnxExport.GraphFolderName, OnnxModelFile.ExternalName(name))))];
        if (divided.Length > 0) settings["use_external_data_format"] = new JsonObject(divided.Select(name => KeyValuePair.Create(name, (JsonNode?)1)));
        config["transformers.js_config"] = settings;
        WriteJson(outFolder, ModelConfigFile.FileName, config);
    }

    // Readers differ: ONNX Runtime GenAI and transformers.js read the chat template here and not in chat_template.jinja,
    // need a whole number for the longest input, and do not know the class name that transformers 5 writes.
    private static void WriteTokenizerConfig(string modelFolder, string outFolder)
    {
        if (TryRead(modelFolder, TokenizerConfig) is not { } config) return;
        if (ChatTemplate.Find(modelFolder) is var (_, template)) config["chat_template"] = template;
        if (config["tokenizer_class"]?.ToString() == "TokenizersBackend") config["tokenizer_class"] = "PreTrainedTokenizerFast";
        if (config["model_max_length"] is JsonValue length && length.TryGetValue(out double number) && number > int.MaxValue) config["model_max_length"] = int.MaxValue;
        WriteJson(outFolder, TokenizerConfig, config);
    }

    private static JsonObject? TryRead(string folder, string name) => JsonFile.Read(Path.Combine(folder, name));

    private static void WriteJson(string folder, string name, JsonObject json) =>
        AtomicFile.WriteText(Path.Combine(folder, name), json.ToJsonString(Indented) + "\n");
}
