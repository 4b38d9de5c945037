namespace Distill.Weights;

/// <summary>A tensor that a GGUF file holds.</summary>
/// <param name="Name">Name in the file, e.g. <c>blk.0.attn_q.weight</c>.</param>
/// <param name="Type">How its elements are stored.</param>
/// <param name="Shape">Dimensions, slowest first (the reverse of the order in the file), as Hugging Face writes them.</param>
/// <param name="Offset">Position of its first byte in the file.</param>
public sealed record GgufTensorInfo(string Name, GgufTensorType Type, IReadOnlyList<long> Shape, long Offset)
{
    /// <summary>Number of the file that holds it, where a model is divided into shards; the offset counts within that file.</summary>
    public int Shard { get; init; }

    /// <summary>Product of the dimensions.</summary>
    /// <exception cref="OverflowException">The bytes exceed 2^63 (never for a tensor that a reader here returned).</exception>
    public long ElementCount { get; } = CheckedElementCount(Type, Shape);

    /// <summary>Bytes on disk, padding not counted.</summary>
    public long ByteCount => Type.ByteCount(ElementCount);

    private static long CheckedElementCount(GgufTensorType type, IReadOnlyList<long> shape)
    {
        long elements = shape.Aggregate(1L, (product, dimension) => checked(product * dimension));
        type.ByteCount(elements);
        return elements;
    }
}
