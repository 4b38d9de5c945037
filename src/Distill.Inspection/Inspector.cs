using System.Buffers.Binary;
using System.Text.Json.Nodes;
using Distill.Runs;
using Distill.Traces;
using Distill.Weights;

namespace Distill.Inspection;

/// <summary>
/// Tells what a file or folder is. Weights are never read, only the headers that describe them; nothing in a file is executed but a
/// chat template, by the evaluator that has no way out.
/// </summary>
public static class Inspector
{
    private const string Hint = "known are: a model folder, adapters, .safetensors, .gguf, .onnx and .parquet files, a folder of traces, a stage or run folder";

    /// <summary>Looks at a file or folder. What it is, is told from its content and not from its name.</summary>
    /// <param name="path">The file or folder.</param>
    /// <param name="withTensors">Whether every tensor is listed, and not only their types.</param>
    /// <exception cref="InputException">Nothing is there, it is nothing that is known, or it is damaged.</exception>
    public static Summary Inspect(string path, bool withTensors)
    {
        try
        {
            Summary summary = Directory.Exists(path) ? InspectFolder(path, withTensors)
                : File.Exists(path) ? InspectFile(path, withTensors) : throw new InputException($"{path}: no such file or folder",
                    GgufShards.InsteadOf(path) is { } first ? $"it lies there in shards: give the first one, {first}" : "check the path");
            return summary with { Facts = (JsonObject)JsonNode.Parse(summary.Facts.ToJsonString())! }; // numbers of one kind, whatever they were made from
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be read ({e.Message})", "check that you may read it", inner: e);
        }
    }

    private static Summary InspectFile(string path, bool withTensors) => FormatOf(path) switch
    {
        "gguf" => new("gguf", path, GgufFacts.Of(path, withTensors)),
        "safetensors" => new("safetensors", path, TensorFacts.OfSafetensors(path, withTensors)),
        "parquet" => OfParquet(path),
        _ => new("onnx", path, OnnxFacts.Of(path, withTensors)),
    };

    private static Summary InspectFolder(string folder, bool withTensors)
    {
        if (StageFacts.IsRun(folder)) return new("run", folder, StageFacts.OfRun(folder));
        if (HoldsTraces(folder)) return new("traces", folder, TraceFacts.Of(folder));
        if (ModelFiles.FindOnnx(folder) is { } onnx) return new("onnx", folder, OnnxFacts.OfFolder(folder, onnx, withTensors));
        if (AdapterFacts.IsAdapter(folder)) return new("adapter", folder, AdapterFacts.Of(folder, withTensors));
        if (ModelFacts.IsModel(folder)) return new("model", folder, ModelFacts.Of(folder, withTensors));
        if (StageFacts.IsStage(folder)) return new("stage", folder, StageFacts.OfStage(folder, withTensors));
        string[] files = [.. Directory.EnumerateFiles(folder).Where(file => Path.GetExtension(file) is ".gguf" or ".safetensors" or ".onnx" or ".parquet" && !GgufShards.IsLater(file)).Order(StringComparer.Ordinal)];
        return files switch
        {
            [var only] => InspectFile(only, withTensors),
            [] => throw new InputException($"{folder}: holds nothing that can be inspected", Hint),
            _ => throw new InputException($"{folder}: holds {files.Length} files that can be inspected", $"name one of them, e.g. {files[0]}"),
        };
    }

    private static bool HoldsTraces(string folder) =>
        new[] { folder, Path.Combine(folder, "traces"), Path.Combine(folder, "dataset") }.Where(Directory.Exists)
            .SelectMany(place => Directory.EnumerateFiles(place, "*.parquet")).Order(StringComparer.Ordinal).FirstOrDefault() is { } file && TraceReader.IsTraceFile(file);

    private static Summary OfParquet(string path) =>
        TraceReader.IsTraceFile(path) ? new("traces", path, TraceFacts.Of(path)) : new("parquet", path, ParquetFacts.Of(path));

    // A safetensors file starts with the length of its JSON; an ONNX file with field 1, a number, as every writer begins.
    private static string FormatOf(string path)
    {
        Span<byte> start = stackalloc byte[9];
        using FileStream stream = File.OpenRead(path);
        int length = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        if (length == 0) throw new InputException($"{path}: the file is empty", "copy or download it again");
        if (start.StartsWith("GGUF"u8)) return "gguf";
        if (start.StartsWith("PAR1"u8)) return "parquet";
        if (length == 9 && start[8] == '{' && BinaryPrimitives.ReadInt64LittleEndian(start) is > 0 and < int.MaxValue) return "safetensors";
        string extension = Path.GetExtension(path).ToLowerInvariant();
        if (start[0] == 0x08 || extension == ".onnx") return "onnx";
        throw extension is ".gguf" or ".safetensors" or ".parquet"
            ? new InputException($"{path}: is not a {extension[1..]} file, whatever its name says", "copy or download it again")
            : new InputException($"{path}: is of no known format", Hint);
    }
}
