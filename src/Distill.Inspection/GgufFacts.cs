using System.Text.Json.Nodes;
using Distill.Chat;
using Distill.Weights;

namespace Distill.Inspection;

/// <summary>A GGUF file.</summary>
internal static class GgufFacts
{
    // llama.cpp's numbers of general.file_type.
    private static readonly Dictionary<long, string> FileTypes = new()
    {
        [0] = "F32", [1] = "F16", [2] = "Q4_0", [3] = "Q4_1", [7] = "Q8_0", [8] = "Q5_0", [9] = "Q5_1", [10] = "Q2_K", [11] = "Q3_K_S", [12] = "Q3_K_M", [13] = "Q3_K_L",
        [14] = "Q4_K_S", [15] = "Q4_K_M", [16] = "Q5_K_S", [17] = "Q5_K_M", [18] = "Q6_K", [19] = "IQ2_XXS", [20] = "IQ2_XS", [21] = "Q2_K_S", [22] = "IQ3_XS", [23] = "IQ3_XXS",
        [24] = "IQ1_S", [25] = "IQ4_NL", [26] = "IQ3_S", [27] = "IQ3_M", [28] = "IQ2_S", [29] = "IQ2_M", [30] = "IQ4_XS", [31] = "IQ1_M", [32] = "BF16", [36] = "TQ1_0", [37] = "TQ2_0",
        [38] = "MXFP4_MOE",
    };

    public static JsonObject Of(string path, bool withTensors)
    {
        using GgufReader file = GgufReader.Open(path);
        GgufMetadata metadata = file.Metadata;
        TensorRow[] rows = [.. file.Tensors.Select(tensor => new TensorRow(tensor.Name, tensor.Type.ToString(), tensor.Shape, tensor.ElementCount, tensor.ByteCount))];
        long parameters = TensorFacts.Parameters(rows);
        var facts = new JsonObject
        {
            ["architecture"] = Text(metadata, "general.architecture"),
            ["name"] = Text(metadata, "general.name"),
            ["file_type"] = Number(metadata, "general.file_type") is { } type ? FileTypes.GetValueOrDefault(type, $"type {type}") : null,
            ["parameters"] = parameters,
            ["bytes"] = file.Length,
            ["shards"] = file.Files.Count > 1 ? file.Files.Count : null,
            ["bits_per_weight"] = parameters == 0 ? null : Math.Round(8.0 * rows.Select(row => row.Bytes).Total() / parameters, 3),
        };
        TensorFacts.AddTables(facts, rows, withTensors);
        AddTokenizer(facts, metadata);
        facts["metadata"] = new JsonObject(metadata.Where(pair => pair.Key != "tokenizer.chat_template").Select(pair => KeyValuePair.Create(pair.Key, Value(pair.Value))));
        return facts;
    }

    private static void AddTokenizer(JsonObject facts, GgufMetadata metadata)
    {
        string[] tokens = metadata.TryGet("tokenizer.ggml.tokens", out object? list) && list is string[] texts ? texts : [];
        var special = new JsonArray();
        foreach (string role in (string[])["bos", "eos", "eot", "eom", "padding", "unknown"])
        {
            if (Number(metadata, $"tokenizer.ggml.{role}_token_id") is not { } id) continue;
            special.Add(new JsonObject { ["token"] = role, ["id"] = id, ["text"] = id >= 0 && id < tokens.Length ? tokens[id] : null });
        }
        if (special.Count > 0) facts["special_tokens"] = special;
        if (Text(metadata, "tokenizer.chat_template") is not { } template) return;
        var problems = new JsonArray();
        string? Token(string role) => Number(metadata, $"tokenizer.ggml.{role}_token_id") is { } id && id >= 0 && id < tokens.Length ? tokens[id] : null;
        (string Key, string? Text)[] names = [("bos_token", Token("bos")), ("eos_token", Token("eos")), ("pad_token", Token("padding")), ("unk_token", Token("unknown"))];
        JsonObject? described = ModelFacts.Try(problems, () => TokenizerFacts.Template(
            ChatTemplate.Parse(template, names.Where(name => name.Text is not null).ToDictionary(name => name.Key, name => name.Text!))));
        facts["chat_template"] = described ?? new JsonObject { ["characters"] = template.Length };
        if (problems.Count > 0) facts["problems"] = problems;
    }

    // A vocabulary has a hundred thousand entries; their kind and number tell enough.
    private static JsonNode? Value(object value) => value switch
    {
        Array { Length: > 8 } array => $"{array.Length} values of {array.GetType().GetElementType()!.Name.ToLowerInvariant()}",
        Array array => new JsonArray([.. array.Cast<object>().Select(Value)]),
        float number => float.IsFinite(number) ? JsonValue.Create(number) : JsonValue.Create(number.ToString()),
        double number => double.IsFinite(number) ? JsonValue.Create(number) : JsonValue.Create(number.ToString()),
        string text => text,
        bool flag => flag,
        ulong number => number,
        _ => Convert.ToInt64(value),
    };

    private static string? Text(GgufMetadata metadata, string key) => metadata.TryGet(key, out object? value) ? value as string : null;

    private static long? Number(GgufMetadata metadata, string key) => metadata.TryGet(key, out object? value)
        ? value switch
        {
            byte or sbyte or short or ushort or int or uint or long => Convert.ToInt64(value),
            _ => null,
        }
        : null;
}
