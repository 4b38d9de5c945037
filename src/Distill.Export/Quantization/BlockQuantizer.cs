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
        or GgufTensorType.IQ4_NL or GgufTensorType.IQ4_XS or GgufTensorType.MXFP4 or GgufTensorType.TQ1_0 or GgufTensorType.TQ2_0
        || GgufLattice.Has(type);

    /// <summary>Whether importance changes the bytes.</summary>
    public static bool UsesImportance(GgufTensorType type) => type.BlockSize() > 1
        && type is not (GgufTensorType.Q8_0 or GgufTensorType.MXFP4 or GgufTensorType.TQ1_0 or GgufTensorType.TQ2_0);

    /// <summary>Whether the type can only be written with importance: its few points would be chosen blindly without.</summary>
    public static bool NeedsImportance(GgufTensorType type) => type is GgufTensorType.IQ2_XXS or GgufTensorType.IQ2_XS or GgufTensorType.IQ1_S;

    /// <summary>Encodes whole rows.</summary>
    /// <param name="type">Target type.</param>
    /// <param name="source">Finite values, a whole number of rows.</param>
    /// <param name="rowLength">Elements of a row, a whole number of blocks.</param>
    /// <param name="importance">How much the error in each column counts (an imatrix's mean squares), or nothing; see <see cref="UsesImportance"/> and <see cref="NeedsImportance"/>.</param>
    /// <param name="destination">Receives exactly the blocks' bytes.</param>
    public static void Encode(GgufTensorType type, ReadOnlySpan<float> source, int rowLength, ReadOnlySpan<float> importance, Span<byte> destination) =>
        Encode(type, source, rowLength, importance, destination, Widest);

    /// <summary>Encodes whole rows with vectors of a given width.</summary>
    public static void Encode(GgufTensorType type, ReadOnlySpan<float> source, int rowLength, ReadOnlySpan<float> importance, Span<byte> destination, LaneWidth width)
    {
        if (destination.Length != type.ByteCount(source.Length)) throw new ArgumentException("lengths disagree", nameof(destination));
        if (rowLength % type.BlockSize() != 0 || source.Length % rowLength != 0) throw new ArgumentException("not whole rows of whole blocks", nameof(rowLength));
        if (!importance.IsEmpty && importance.Length != rowLength) throw new ArgumentException("not one value per column", nameof(importance));
        using var subnormals = new SubnormalNumbers();
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
            case GgufTensorType.MXFP4:
                FourBitFloatBlocks.Encode(source, destination);
                break;
            case GgufTensorType.TQ1_0 or GgufTensorType.TQ2_0:
                TernaryBlocks.Encode(type, source, destination);
                break;
            default:
                if (NeedsImportance(type) && importance.IsEmpty) throw new ArgumentException($"{type} needs importance", nameof(importance));
                if (width == LaneWidth.Sixteen) EncodeInLanes<Lanes16>(type, source, rowLength, importance, destination);
                else if (width == LaneWidth.Eight) EncodeInLanes<Lanes8>(type, source, rowLength, importance, destination);
                else EncodeInLanes<ScalarLane>(type, source, rowLength, importance, destination);
                break;
        }
    }

    private static void EncodeInLanes<TLanes>(GgufTensorType type, ReadOnlySpan<float> source, int rowLength, ReadOnlySpan<float> importance, Span<byte> destination)
        where TLanes : struct, ILanes<TLanes>
    {
        if (type is GgufTensorType.IQ1_S or GgufTensorType.IQ1_M) TernaryLatticeBlocks<TLanes>.Encode(type, source, rowLength, importance, destination);
        else if (GgufLattice.Has(type)) LatticeBlocks<TLanes>.Encode(type, source, rowLength, importance, destination);
        else TileEncoder<TLanes>.Encode(type, source, rowLength, importance, destination);
    }

    /// <summary>The first element or block whose stored number or scale is infinite or NaN, or -1.</summary>
    /// <param name="type">Type of the blocks.</param>
    /// <param name="encoded">Whole blocks.</param>
    public static long FirstOverflow(GgufTensorType type, ReadOnlySpan<byte> encoded)
    {
        if (type is GgufTensorType.F32 or GgufTensorType.MXFP4) return -1;
        if (type == GgufTensorType.IQ1_M) return FirstMixedOverflow(encoded);
        (int first, int second, uint exponent) = type switch
        {
            GgufTensorType.BF16 => (0, 0, 0x7F80u),
            GgufTensorType.Q2_K => (80, 82, 0x7C00u),
            GgufTensorType.Q3_K => (108, 108, 0x7C00u),
            GgufTensorType.Q6_K => (208, 208, 0x7C00u),
            GgufTensorType.TQ1_0 => (52, 52, 0x7C00u),
            GgufTensorType.TQ2_0 => (64, 64, 0x7C00u),
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

    // IQ1_M: the sign and the exponent are in the highest bits of the last two of four words.
    private static long FirstMixedOverflow(ReadOnlySpan<byte> encoded)
    {
        int blockBytes = GgufTensorType.IQ1_M.BlockBytes();
        for (int start = 0; start < encoded.Length; start += blockBytes)
        {
            if (((encoded[start + 55] >> 4) & 7) == 7 && ((encoded[start + 53] >> 4) & 12) == 12) return start / blockBytes;
        }
        return -1;
    }
}
