namespace Distill.Export.Onnx;

/// <summary>Element types of ONNX that a decoder graph uses; the numbers are those of <c>TensorProto.DataType</c>.</summary>
internal enum OnnxType
{
    Float = 1,
    UInt8 = 2,
    Int32 = 6,
    Int64 = 7,
    Bool = 9,
}
