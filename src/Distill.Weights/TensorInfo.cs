namespace Distill.Weights;

/// <summary>A tensor that a file holds.</summary>
/// <param name="Name">Name, as the file states it.</param>
/// <param name="Type">Element type on disk.</param>
/// <param name="Shape">Dimensions, slowest first (row-major); empty for a scalar.</param>
public sealed record TensorInfo(string Name, TensorType Type, IReadOnlyList<long> Shape)
{
    /// <summary>Product of the dimensions.</summary>
    /// <exception cref="OverflowException">The product exceeds 2^63 (never for a tensor that a reader here returned).</exception>
    public long ElementCount { get; } = Product(Shape);

    /// <summary>Bytes on disk.</summary>
    public long ByteCount => checked(ElementCount * Type.ByteSize());

    /// <summary>The shape as text, e.g. <c>[512, 128]</c>.</summary>
    public string ShapeText => $"[{string.Join(", ", Shape)}]";

    private static long Product(IReadOnlyList<long> shape)
    {
        long product = 1;
        foreach (long dimension in shape) product = checked(product * dimension);
        return product;
    }
}
