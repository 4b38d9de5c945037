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

    public static void WriteSideFiles(string modelFolder, string outFolder, ModelConfig config, int contextLength)
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
        WriteConfig(modelFolder, outFolder);
        WriteJson(outFolder, GenaiConfig.FileName, GenaiConfig.Of(config, contextLength, TryRead(modelFolder, "generation_config.json")));
    }

    // transformers.js asks for a quantized file unless config.json says which precision the folder holds.
    private static void WriteConfig(string modelFolder, string outFolder)
    {
        JsonObject config = TryRead(modelFolder, ModelConfigFile.FileName)!;
        var settings = new JsonObject { ["dtype"] = "fp32" };
        if (File.Exists(Path.Combine(outFolder, OnnxExport.GraphFolderName, OnnxModelFile.ExternalFileName)))
            settings["use_external_data_format"] = new JsonObject { [OnnxModelFile.FileName] = 1 };
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

    private static JsonObject? TryRead(string folder, string name)
    {
        string path = Path.Combine(folder, name);
        if (!File.Exists(path)) return null;
        try
        {
            return JsonNode.Parse(File.ReadAllText(path)) as JsonObject ?? throw new InputException($"{path}: is not a JSON object");
        }
        catch (JsonException e)
        {
            throw new InputException($"{path}:{e.LineNumber + 1}: is not valid JSON", "download or write the file again", inner: e);
        }
    }

    private static void WriteJson(string folder, string name, JsonObject json) =>
        AtomicFile.WriteText(Path.Combine(folder, name), json.ToJsonString(Indented) + "\n");
}
