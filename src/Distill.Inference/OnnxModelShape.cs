using System.Globalization;
using Distill.Runs;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Distill.Inference;

/// <summary>What a decoder in ONNX takes and gives, read from the file and checked before anything is run.</summary>
/// <param name="Layers">Decoder layers, each with a cached key and value.</param>
/// <param name="Heads">Query heads.</param>
/// <param name="KeyValueHeads">Key and value heads.</param>
/// <param name="HeadWidth">Width of a head.</param>
/// <param name="Vocabulary">Width of the logits.</param>
/// <param name="ContextLength">Most positions.</param>
internal sealed record OnnxModelShape(int Layers, int Heads, int KeyValueHeads, int HeadWidth, int Vocabulary, int ContextLength)
{
    // What Distill.Export.Onnx.OnnxExport writes: the KV cache may be one buffer, masked positions count for nothing.
    private const string GraphKind = "portable-1";
    private const int MostLayers = 1000;

    /// <summary>Reads the shape of a loaded model.</summary>
    /// <exception cref="InputException">The model is not one that this engine can run; the message names what differs.</exception>
    public static OnnxModelShape Read(InferenceSession session, string path)
    {
        IReadOnlyDictionary<string, string> metadata = session.ModelMetadata.CustomMetadataMap;
        if (metadata.GetValueOrDefault("graph") != GraphKind)
            throw new InputException($"{path}: was not made by `distill export`, or by a version with another kind of graph", "export the model again with this version");

        int layers = session.InputMetadata.Keys.Count(name => name.StartsWith("past_key_values.", StringComparison.Ordinal)) / 2;
        if (layers is < 1 or > MostLayers) throw Unexpected(path, "it has no KV cache inputs");
        string[] inputs = ["input_ids", "attention_mask", "position_ids", .. CacheNames(layers).Select(name => name.Past)];
        string[] outputs = ["logits", .. CacheNames(layers).Select(name => name.Present)];
        RequireNames(session.InputMetadata, inputs, path, "input");
        RequireNames(session.OutputMetadata, outputs, path, "output");
        foreach (string name in inputs[..3]) _ = Dimensions(session.InputMetadata, name, TensorElementType.Int64, 2, path);
        int[] logits = Dimensions(session.OutputMetadata, "logits", TensorElementType.Float, 3, path);
        int[] cache = Dimensions(session.InputMetadata, CacheNames(1).First().Past, TensorElementType.Float, 4, path);
        foreach ((string past, string present) in CacheNames(layers))
        {
            int[] each = Dimensions(session.InputMetadata, past, TensorElementType.Float, 4, path);
            int[] result = Dimensions(session.OutputMetadata, present, TensorElementType.Float, 4, path);
            if (each[1] != cache[1] || each[3] != cache[3] || result[1] != cache[1] || result[3] != cache[3]) throw Unexpected(path, $"`{past}` and `{present}` have other heads than the first layer");
        }
        if (cache[1] < 1 || cache[3] < 1) throw Unexpected(path, "the heads of the KV cache have no fixed size");
        if (logits[2] < 1) throw Unexpected(path, "the logits have no fixed width");
        return new(layers, Number(metadata, "num_attention_heads", path), cache[1], cache[3], logits[2], Number(metadata, "context_length", path));
    }

    /// <summary>Names of the cached keys and values on the way in and out, layer by layer.</summary>
    public static IEnumerable<(string Past, string Present)> CacheNames(int layers) =>
        from layer in Enumerable.Range(0, layers)
        from part in new[] { "key", "value" }
        select ($"past_key_values.{layer}.{part}", $"present.{layer}.{part}");

    private static void RequireNames(IReadOnlyDictionary<string, NodeMetadata> actual, string[] expected, string path, string kind)
    {
        if (expected.FirstOrDefault(name => !actual.ContainsKey(name)) is { } missing) throw Unexpected(path, $"{kind} `{missing}` is missing");
        if (actual.Keys.Except(expected).FirstOrDefault() is { } unknown) throw Unexpected(path, $"{kind} `{unknown}` is unknown");
    }

    private static int[] Dimensions(IReadOnlyDictionary<string, NodeMetadata> nodes, string name, TensorElementType type, int rank, string path)
    {
        NodeMetadata node = nodes[name];
        if (!node.IsTensor || node.ElementDataType != type || node.Dimensions.Length != rank)
            throw Unexpected(path, $"`{name}` is not a tensor of {type} with {rank} dimensions");
        return node.Dimensions;
    }

    private static int Number(IReadOnlyDictionary<string, string> metadata, string key, string path) =>
        int.TryParse(metadata.GetValueOrDefault(key), NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number > 0
            ? number
            : throw Unexpected(path, $"its metadata has no usable `{key}`");

    private static InputException Unexpected(string path, string what) => new($"{path}: {what}", "export the model again with this version");
}
