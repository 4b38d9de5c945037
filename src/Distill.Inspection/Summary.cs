using System.Text.Json.Nodes;

namespace Distill.Inspection;

/// <summary>What a file or folder is.</summary>
/// <param name="Kind"><c>model</c>, <c>gguf</c>, <c>onnx</c>, <c>safetensors</c>, <c>parquet</c>, <c>traces</c>, <c>stage</c> or <c>run</c>.</param>
/// <param name="Path">Where it is, as the user named it.</param>
/// <param name="Facts">
/// Facts by snake_case name, the telling ones first: single values, groups of them (objects) and tables (lists of objects with
/// the same keys). Names that end in <c>bytes</c> are sizes.
/// </param>
public sealed record Summary(string Kind, string Path, JsonObject Facts);
