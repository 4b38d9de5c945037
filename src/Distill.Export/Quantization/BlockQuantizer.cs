using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Distill.Weights;

namespace Distill.Export.Quantization;

/// <summary>How many blocks are searched side by side; the bytes are the same for every width.</summary>
internal enum LaneWidth
{
    /// <summary>One: the reference.</summary>
    Scalar,

    /// <summary>Eight: AVX2, or pairs of narrower vectors.</summary>
    Eight,

    /// <summary>Sixteen: AVX-512.</summary>
    Sixteen,
}

/// <summary>
/// Single precision to the types of GGUF, bit for bit as ggml's reference code does it (its ggml-base library, without
/// fused multiply-add): every operation is one rounded IEEE operation, so vector lanes give the same bytes.
/// </summary>
internal static class BlockQuantizer
{
    /// <summary>The widest that this machine computes fast.</summary>
    public static LaneWidth Widest => Vector512.IsHardwareAccelerated && Avx512F.IsSupported ? LaneWidth.Sixteen : LaneWidth.Eight;

    /// <summary>Whether the type can be written.</summary>
    public static bool CanWrite(GgufTensorType type) => type is GgufTensorType.F32 or GgufTensorType.F16 or GgufTensorType.BF16 or GgufTensorType.Q8_0
        or GgufTensorType.Q4_0 or GgufTensorType.Q4_1 or GgufTensorType.Q5_0 or GgufTensorType.Q5_1
        or GgufTensorType.Q2_K or GgufTensorType.Q3_K or GgufTensorType.Q4_K or GgufTensorType.Q5_K or GgufTensorType.Q6_K
        or GgufTensorType.IQ4_NL or GgufTensorType.IQ4_XS;

    /// <summary>Whether importance changes the bytes.</summary>
    public static bool UsesImportance(GgufTensorType type) => type.BlockSize() > 1 && type != GgufTensorType.Q8_0;

    /// <summary>Encodes whole rows.</summary>
    /// <param name="type">Target type.</param>
    /// <param name="source">Finite values, a whole number of rows.</param>
    /// <param name="rowLength">Elements of a row, a whole number of blocks.</param>
    /// <param name="importance">How much the error in each column counts (an imatrix's mean squares), or nothing. F16, BF16 and Q8_0 do without.</param>
    /// <param name="destination">Receives exactly the blocks' bytes.</param>
    public static void Encode(GgufTensorType type, ReadOnlySpan<float> source, int rowLength, ReadOnlySpan<float> importance, Span<byte> destination) =>
        Encode(type, source, rowLength, importance, destination, Widest);

    /// <summary>Encodes whole rows with vectors of a given width.</summary>
    public static void Encode(GgufTensorType type, ReadOnlySpan<float> source, int rowLength, ReadOnlySpan<float> importance, Span<byte> destination, LaneWidth width)
    {
        if (destination.Length != type.ByteCount(source.Length)) throw new ArgumentException("lengths disagree", nameof(destination));
        if (rowLength % type.BlockSize() != 0 || source.Length % rowLength != 0) throw new ArgumentException("not whole rows of whole blocks", nameof(rowLength));
        if (!importance.IsEmpty && importance.Length != rowLength) throw new ArgumentException("not one value per column", nameof(importance));
        switch (type)
        {
            case GgufTensorType.F32:
                MemoryMarshal.AsBytes(source).CopyTo(destination);
                break;
            case GgufTensorType.F16:
                FloatConversion.SingleToHalf(source, MemoryMarshal.Cast<byte, ushort>(destination));
                break;
            case GgufTensorType.BF16:
                FloatConversion.SingleToBFloat16(source, MemoryMarshal.Cast<byte, ushort>(destination));
                break;
            case GgufTensorType.Q8_0:
                EightBitBlocks.Encode(source, destination);
                break;
            default:
                if (width == LaneWidth.Sixteen) TileEncoder<Lanes16>.Encode(type, source, rowLength, importance, destination);
                else if (width == LaneWidth.Eight) TileEncoder<Lanes8>.Encode(type, source, rowLength, importance, destination);
                else TileEncoder<ScalarLane>.Encode(type, source, rowLength, importance, destination);
                break;
        }
    }

    /// <summary>The first element or block whose stored number or scale is infinite or NaN, or -1.</summary>
    /// <param name="type">Type of the blocks.</param>
    /// <param name="encoded">Whole blocks.</param>
    public static long FirstOverflow(GgufTensorType type, ReadOnlySpan<byte> encoded)
    {
        if (type == GgufTensorType.F32) return -1;
        (int first, int second, uint exponent) = type switch
        {
            GgufTensorType.BF16 => (0, 0, 0x7F80u),
            GgufTensorType.Q2_K => (80, 82, 0x7C00u),
            GgufTensorType.Q3_K => (108, 108, 0x7C00u),
            GgufTensorType.Q6_K => (208, 208, 0x7C00u),
            GgufTensorType.Q4_1 or GgufTensorType.Q5_1 or GgufTensorType.Q4_K or GgufTensorType.Q5_K => (0, 2, 0x7C00u),
            _ => (0, 0, 0x7C00u),
        };
        int blockBytes = type.BlockBytes();
        for (int start = 0; start < encoded.Length; start += blockBytes)
        {
            uint a = BinaryPrimitives.ReadUInt16LittleEndian(encoded[(start + first)..]), b = BinaryPrimitives.ReadUInt16LittleEndian(encoded[(start + second)..]);
            if ((a & exponent) == exponent || (b & exponent) == exponent) return start / blockBytes;
        }
        return -1;
    }
}
