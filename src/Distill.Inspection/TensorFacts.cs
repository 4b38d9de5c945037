using System.Text.Json.Nodes;
using Distill.Weights;

namespace Distill.Inspection;

/// <summary>One tensor as the tables list it, whatever file it is in.</summary>
internal readonly record struct TensorRow(string Name, string Type, IReadOnlyList<long> Shape, long Elements, long Bytes);

/// <summary>Tables of tensors.</summary>
internal static class TensorFacts
{
    public static JsonObject OfSafetensors(string path, bool withTensors)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        TensorRow[] rows = Rows(file);
        var facts = new JsonObject { ["parameters"] = Parameters(rows), ["tensors"] = rows.Length, ["bytes"] = new FileInfo(path).Length };
        AddTables(facts, rows, withTensors);
        if (file.Metadata.Count > 0) facts["metadata"] = new JsonObject(file.Metadata.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value)));
        return facts;
    }

    public static TensorRow[] Rows(IWeightSource source) =>
        [.. source.Tensors.Select(tensor => new TensorRow(tensor.Name, tensor.Type.SafetensorsName(), tensor.Shape, tensor.ElementCount, tensor.ByteCount))];

    /// <summary>Weights of a model: every element but the scales that belong to quantized ones.</summary>
    public static long Parameters(IEnumerable<TensorRow> rows) => rows.Where(row => !row.Name.EndsWith("_scale_inv", StringComparison.Ordinal)).Select(row => row.Elements).Total();

    /// <summary>Sum that stays at the largest number instead of going over it: a file may claim anything of data that lies elsewhere.</summary>
    public static long Total(this IEnumerable<long> numbers) => (long)Int128.Min(long.MaxValue, numbers.Aggregate((Int128)0, (sum, number) => sum + number));

    /// <summary>Adds the table of types and, if asked for, the one of tensors.</summary>
    public static void AddTables(JsonObject facts, TensorRow[] rows, bool withTensors)
    {
        facts["types"] = new JsonArray([.. rows.GroupBy(row => row.Type).OrderByDescending(group => group.Select(row => row.Bytes).Total()).ThenBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => (JsonNode)new JsonObject
            {
                ["type"] = group.Key,
                ["tensors"] = group.Count(),
                ["elements"] = group.Select(row => row.Elements).Total(),
                ["bytes"] = group.Select(row => row.Bytes).Total(),
            })]);
        if (!withTensors) return;
        facts["tensor_list"] = new JsonArray([.. rows.Select(row => (JsonNode)new JsonObject
        {
            ["name"] = row.Name,
            ["type"] = row.Type,
            ["shape"] = $"[{string.Join(", ", row.Shape)}]",
            ["bytes"] = row.Bytes,
        })]);
    }
}
