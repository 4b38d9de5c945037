namespace Distill.Weights;

/// <summary>Name, type and shape of a tensor of a GGUF file.</summary>
/// <param name="Name">Name in the file; at most 63 bytes.</param>
/// <param name="Type">How its elements are stored.</param>
/// <param name="Shape">Dimensions, slowest first, as Hugging Face writes them.</param>
public record GgufTensorLayout(string Name, GgufTensorType Type, IReadOnlyList<long> Shape)
{
    /// <summary>Product of the dimensions.</summary>
    public long ElementCount { get; } = Shape.Aggregate(1L, (product, dimension) => checked(product * dimension));

    /// <summary>Bytes of its elements, padding not included.</summary>
    public long ByteCount => Type.ByteCount(ElementCount);
}

/// <summary>A tensor about to be written to a GGUF file.</summary>
/// <param name="Name">Name in the file; at most 63 bytes.</param>
/// <param name="Type">How its elements are stored.</param>
/// <param name="Shape">Dimensions, slowest first, as Hugging Face writes them.</param>
/// <param name="WriteBytes">Writes exactly the tensor's bytes, padding not included.</param>
public sealed record GgufTensorToWrite(string Name, GgufTensorType Type, IReadOnlyList<long> Shape, Action<Stream> WriteBytes)
    : GgufTensorLayout(Name, Type, Shape);
