using System.Text.Json.Nodes;
using Distill.Prompts;

namespace Distill.Inspection;

/// <summary>A Parquet file that holds no traces.</summary>
internal static class ParquetFacts
{
    public static JsonObject Of(string path)
    {
        using ParquetTable table = ParquetTable.Open(path);
        return new JsonObject
        {
            ["rows"] = table.RowCount,
            ["row_groups"] = table.RowGroupCount,
            ["bytes"] = new FileInfo(path).Length,
            ["columns"] = Columns(table),
        };
    }

    /// <summary>Names and types of the columns.</summary>
    public static JsonArray Columns(ParquetTable table) =>
        new([.. table.Columns.Select(column => (JsonNode)new JsonObject { ["name"] = column, ["type"] = table.TypeOf(column) })]);
}
