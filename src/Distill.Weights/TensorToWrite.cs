namespace Distill.Weights;

/// <summary>A tensor about to be written.</summary>
/// <param name="Name">Name in the file.</param>
/// <param name="Type">Element type on disk.</param>
/// <param name="Shape">Dimensions, slowest first.</param>
/// <param name="WriteBytes">Writes exactly the tensor's bytes, row-major, little endian.</param>
public sealed record TensorToWrite(string Name, TensorType Type, IReadOnlyList<long> Shape, Action<Stream> WriteBytes)
{
    /// <summary>Bytes that <see cref="WriteBytes"/> writes.</summary>
    public long ByteCount { get; } = new TensorInfo(Name, Type, Shape).ByteCount;

    /// <summary>A tensor whose single-precision values are at hand.</summary>
    public static TensorToWrite OfFloats(string name, IReadOnlyList<long> shape, ReadOnlyMemory<float> values) =>
        new(name, TensorType.F32, shape, stream => stream.Write(System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.Span)));
}
