namespace Distill.Export.Gguf;

/// <summary>Reads whole rows of a planned tensor, starting at <paramref name="firstRow"/>; the destination's length says how many.</summary>
internal delegate void RowReader(long firstRow, Span<float> destination);

/// <summary>A tensor of the GGUF file and where its values come from.</summary>
/// <param name="Name">Name in the GGUF file.</param>
/// <param name="Shape">Dimensions, slowest first.</param>
/// <param name="Source">The checkpoint tensors it is made of, for messages.</param>
/// <param name="ReadRows">Reads its values; a row is the last dimension.</param>
internal sealed record PlannedTensor(string Name, IReadOnlyList<long> Shape, string Source, RowReader ReadRows)
{
    /// <summary>Elements of a row.</summary>
    public long RowLength => Shape[^1];

    /// <summary>Rows in all.</summary>
    public long Rows { get; } = Shape.SkipLast(1).Aggregate(1L, (product, dimension) => product * dimension);

    /// <summary>Elements in all.</summary>
    public long ElementCount => Rows * RowLength;
}
