using System.Runtime.InteropServices;

namespace Distill.Export.Onnx;

/// <summary>A constant of the graph.</summary>
/// <param name="Name">Name of the value.</param>
/// <param name="Type">Element type.</param>
/// <param name="Shape">Dimensions; empty for a scalar.</param>
/// <param name="WriteBytes">Writes exactly <see cref="ByteCount"/> bytes, row-major, little endian.</param>
internal sealed record OnnxTensor(string Name, OnnxType Type, IReadOnlyList<long> Shape, Action<Stream> WriteBytes)
{
    public long ByteCount { get; } = Shape.Aggregate(Type switch { OnnxType.Int64 => 8L, OnnxType.UInt8 => 1L, _ => 4L }, (bytes, dimension) => checked(bytes * dimension));

    public static OnnxTensor Scalar(string name, long value) => Of(name, [], value);

    public static OnnxTensor Vector(string name, params long[] values) => Of(name, [values.Length], values);

    public static OnnxTensor Scalar(string name, float value) =>
        new(name, OnnxType.Float, [], stream => stream.Write(MemoryMarshal.AsBytes<float>([value])));

    private static OnnxTensor Of(string name, long[] shape, params long[] values) =>
        new(name, OnnxType.Int64, shape, stream => stream.Write(MemoryMarshal.AsBytes<long>(values)));
}
