using System.Text.Json.Nodes;
using Distill.Runs;
using Distill.Weights;

namespace Distill.Inspection;

/// <summary>An ONNX model: the file, and the folder around it.</summary>
internal static class OnnxFacts
{
    private const string GenaiConfig = "genai_config.json";

    public static JsonObject OfFolder(string folder, string model, bool withTensors)
    {
        JsonObject facts = Of(model, withTensors);
        var problems = new JsonArray();
        JsonObject config = ModelFacts.Try(problems, () => JsonFile.Read(Path.Combine(folder, "config.json"))) ?? [];
        facts.Insert(0, "architecture", (config["architectures"] as JsonArray)?.FirstOrDefault()?.DeepClone());
        TokenizerFacts.Add(facts, folder, config, problems);
        if (ModelFacts.Try(problems, () => JsonFile.Read(Path.Combine(folder, GenaiConfig)))?["model"] is JsonObject genai)
            facts["genai_config"] = ModelFacts.Pick(genai, ["type", "bos_token_id", "eos_token_id", "pad_token_id", "context_length", "vocab_size"]);
        if (problems.Count > 0) facts["problems"] = problems;
        return facts;
    }

    public static JsonObject Of(string path, bool withTensors)
    {
        OnnxHeader header = OnnxHeader.Read(path);
        TensorRow[] rows = [.. header.Constants.Select(constant => new TensorRow(constant.Name, constant.Type, constant.Shape, constant.ElementCount, constant.ByteCount))];
        var facts = new JsonObject
        {
            ["producer"] = header.Producer,
            ["ir_version"] = header.IrVersion,
            ["opsets"] = string.Join(", ", header.Opsets.Select(opset => $"{opset.Key} {opset.Value}")),
            ["nodes"] = header.Operators.Values.Sum(),
            ["bytes"] = new FileInfo(path).Length,
            ["constant_bytes"] = rows.Select(row => row.Bytes).Total(),
        };
        string[] external = [.. header.Constants.Select(constant => constant.ExternalFile).OfType<string>().Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        if (external.Length > 0) facts["external_files"] = string.Join(", ", external);
        TensorFacts.AddTables(facts, rows, withTensors);
        facts["inputs"] = Values(header.Inputs);
        facts["outputs"] = Values(header.Outputs);
        facts["operators"] = new JsonObject(header.Operators.OrderByDescending(node => node.Value).ThenBy(node => node.Key, StringComparer.Ordinal)
            .Select(node => KeyValuePair.Create(node.Key, (JsonNode?)node.Value)));
        // Keys may repeat in the file; of an object they may not.
        var metadata = new JsonObject();
        foreach ((string key, string value) in header.Metadata) metadata[key] = value;
        if (metadata.Count > 0) facts["metadata"] = metadata;
        return facts;
    }

    private static JsonArray Values(IReadOnlyList<OnnxValue> values) => new([.. values.Select(value => (JsonNode)new JsonObject
    {
        ["name"] = value.Name,
        ["type"] = value.Type,
        ["shape"] = $"[{string.Join(", ", value.Shape)}]",
    })]);
}
