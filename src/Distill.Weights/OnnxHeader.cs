using Distill.Runs;

namespace Distill.Weights;

/// <summary>
/// What an ONNX file says about itself, read without loading the graph into any runtime: a file from a stranger is only looked at.
/// Constants are stepped over, so a file of any size costs what its nodes and names take.
/// </summary>
public sealed record OnnxHeader
{
    /// <summary>Version of the file format.</summary>
    public required long IrVersion { get; init; }

    /// <summary>Program that wrote the file, with its version.</summary>
    public required string Producer { get; init; }

    /// <summary>Version of each operator set, by domain; the standard one is <c>ai.onnx</c>.</summary>
    public required IReadOnlyDictionary<string, long> Opsets { get; init; }

    /// <summary>Key and value pairs that the writer added.</summary>
    public required IReadOnlyList<KeyValuePair<string, string>> Metadata { get; init; }

    /// <summary>What the graph takes, constants left out.</summary>
    public required IReadOnlyList<OnnxValue> Inputs { get; init; }

    /// <summary>What the graph gives.</summary>
    public required IReadOnlyList<OnnxValue> Outputs { get; init; }

    /// <summary>Number of nodes by operator, e.g. <c>com.microsoft.GroupQueryAttention</c>.</summary>
    public required IReadOnlyDictionary<string, long> Operators { get; init; }

    /// <summary>The constants, in file order.</summary>
    public required IReadOnlyList<OnnxConstant> Constants { get; init; }

    /// <summary>Reads a file.</summary>
    /// <exception cref="InputException">The file is missing, truncated or malformed; the message says where.</exception>
    public static OnnxHeader Read(string path)
    {
        using var file = new MappedFile(path);
        return OnnxReader.Read(file);
    }
}

/// <summary>An input or output of a graph.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Element type, e.g. <c>float</c>; empty when it is no tensor.</param>
/// <param name="Shape">Dimensions: numbers, or names where they are free.</param>
public sealed record OnnxValue(string Name, string Type, IReadOnlyList<string> Shape);

/// <summary>A constant of a graph.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Element type, e.g. <c>float</c>, <c>uint8</c>.</param>
/// <param name="Shape">Dimensions, slowest first.</param>
/// <param name="ByteCount">Bytes that it takes.</param>
/// <param name="ExternalFile">Name of the file beside the model that holds its bytes, or null when they are in the model file.</param>
public sealed record OnnxConstant(string Name, string Type, IReadOnlyList<long> Shape, long ByteCount, string? ExternalFile)
{
    /// <summary>Product of the dimensions.</summary>
    public long ElementCount { get; } = Shape.Aggregate(1L, (product, dimension) => checked(product * dimension));
}
