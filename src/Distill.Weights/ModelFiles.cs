using Distill.Runs;

namespace Distill.Weights;

/// <summary>Which files a model consists of, when one of them is named: a change in any of them is another model.</summary>
public static class ModelFiles
{
    private const string OnnxEnding = ".onnx", IndexEnding = ".safetensors.index.json";

    /// <summary>Names of a graph in the folder of an ONNX model, the most exact first; transformers.js and distill call them so.</summary>
    public static IReadOnlyList<string> OnnxNames { get; } = ["model.onnx", "model_quantized.onnx", "model_q4.onnx"];

    /// <summary>The most exact graph of an ONNX folder, in <c>onnx/</c> or in itself, or null when there is none.</summary>
    public static string? FindOnnx(string folder) =>
        new[] { Path.Combine(folder, "onnx"), folder }.SelectMany(place => OnnxNames.Select(name => Path.Combine(place, name))).FirstOrDefault(File.Exists);

    /// <summary>
    /// The file itself, and behind it those that belong to it and are there: the other shards of a GGUF file, the weights beside an ONNX
    /// graph, the shards that an index names. A file of any other kind stands alone.
    /// </summary>
    /// <param name="path">Path of a file.</param>
    /// <exception cref="InputException">It is an index, and damaged.</exception>
    public static IReadOnlyList<string> Of(string path)
    {
        if (path.EndsWith(OnnxEnding, StringComparison.OrdinalIgnoreCase)) return [path, .. new[] { path + "_data" }.Where(File.Exists)];
        if (path.EndsWith(IndexEnding, StringComparison.OrdinalIgnoreCase)) return [path, .. ShardedWeights.FilesOf(path).Where(File.Exists)];
        return GgufShards.FilesOf(path);
    }
}
