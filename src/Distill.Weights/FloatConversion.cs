using System.Buffers;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Distill.Weights;

/// <summary>Reads bytes of a tensor, from a position on.</summary>
internal delegate void PieceReader(long start, Span<byte> destination);

/// <summary>
/// Floating-point formats to and from single precision, all rounding to nearest even. The bits never pass through a
/// subnormal single, so the results are the same when the thread flushes subnormals to zero.
/// </summary>
public static class FloatConversion
{
    private const int PieceBytes = 1 << 18;
    private const uint HalfToSingleBias = (127 - 15) << 23;

    private static readonly float[] E4M3 = DecodeTable(exponentBits: 4);
    private static readonly float[] E5M2 = DecodeTable(exponentBits: 5);

    /// <summary>Converts <paramref name="source"/>, elements of <paramref name="type"/>, to single precision.</summary>
    /// <exception cref="ArgumentException">The type is no float, or the lengths disagree.</exception>
    public static void ToSingle(TensorType type, ReadOnlySpan<byte> source, Span<float> destination)
    {
        if (source.Length != (long)destination.Length * type.ByteSize()) throw new ArgumentException("lengths disagree", nameof(source));
        switch (type)
        {
            case TensorType.F32:
                source.CopyTo(MemoryMarshal.AsBytes(destination));
                break;
            case TensorType.F16:
                HalfToSingle(MemoryMarshal.Cast<byte, ushort>(source), destination);
                break;
            case TensorType.BF16:
                BFloat16ToSingle(MemoryMarshal.Cast<byte, ushort>(source), destination);
                break;
            case TensorType.F64:
                ReadOnlySpan<double> doubles = MemoryMarshal.Cast<byte, double>(source);
                for (int i = 0; i < destination.Length; i++) destination[i] = (float)doubles[i];
                break;
            case TensorType.F8E4M3 or TensorType.F8E5M2:
                float[] table = type == TensorType.F8E4M3 ? E4M3 : E5M2;
                for (int i = 0; i < destination.Length; i++) destination[i] = table[source[i]];
                break;
            default:
                throw new ArgumentException($"{type} is not a floating-point type", nameof(type));
        }
    }

    /// <summary>Reads elements <c>[start, start + destination.Length)</c> of a plain tensor piece by piece and converts them.</summary>
    /// <param name="type">The elements' type.</param>
    /// <param name="start">First element.</param>
    /// <param name="destination">Receives the values.</param>
    /// <param name="read">Reads bytes of the tensor from a position on.</param>
    internal static void ReadPieces(TensorType type, long start, Span<float> destination, PieceReader read)
    {
        int size = type.ByteSize(), length = Math.Min(destination.Length, PieceBytes / size);
        byte[] piece = ArrayPool<byte>.Shared.Rent(length * size);
        try
        {
            for (int done = 0; done < destination.Length; done += length)
            {
                Span<float> values = destination.Slice(done, Math.Min(length, destination.Length - done));
                Span<byte> bytes = piece.AsSpan(0, values.Length * size);
                read((start + done) * size, bytes);
                ToSingle(type, bytes, values);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }
    }

    /// <summary>Widens bfloat16 bits; exact.</summary>
    public static void BFloat16ToSingle(ReadOnlySpan<ushort> source, Span<float> destination)
    {
        Span<uint> bits = MemoryMarshal.Cast<float, uint>(destination);
        int i = 0;
        for (; i <= source.Length - Vector128<ushort>.Count; i += Vector128<ushort>.Count)
        {
            (Vector128<uint> lower, Vector128<uint> upper) = Vector128.Widen(Vector128.Create(source[i..]));
            (lower << 16).CopyTo(bits[i..]);
            (upper << 16).CopyTo(bits[(i + Vector128<uint>.Count)..]);
        }
        for (; i < source.Length; i++) bits[i] = (uint)source[i] << 16;
    }

    /// <summary>Widens half bits; exact.</summary>
    public static void HalfToSingle(ReadOnlySpan<ushort> source, Span<float> destination)
    {
        int i = 0;
        for (; i <= source.Length - Vector128<ushort>.Count; i += Vector128<ushort>.Count)
        {
            (Vector128<uint> lower, Vector128<uint> upper) = Vector128.Widen(Vector128.Create(source[i..]));
            HalfToSingle(lower).CopyTo(destination[i..]);
            HalfToSingle(upper).CopyTo(destination[(i + Vector128<uint>.Count)..]);
        }
        for (; i < source.Length; i++) destination[i] = HalfToSingle(source[i]);
    }

    /// <summary>Widens the bits of one half; exact.</summary>
    public static float HalfToSingle(ushort half) => HalfToSingle(Vector128.CreateScalar((uint)half)).ToScalar();

    /// <summary>Narrows to half bits. A magnitude of 65520 or more becomes infinity.</summary>
    public static void SingleToHalf(ReadOnlySpan<float> source, Span<ushort> destination)
    {
        int i = 0;
        for (; i <= source.Length - Vector128<ushort>.Count; i += Vector128<ushort>.Count)
        {
            Vector128<uint> lower = SingleToHalf(Vector128.Create(source[i..]).AsUInt32());
            Vector128<uint> upper = SingleToHalf(Vector128.Create(source[(i + Vector128<float>.Count)..]).AsUInt32());
            Vector128.Narrow(lower, upper).CopyTo(destination[i..]);
        }
        for (; i < source.Length; i++) destination[i] = SingleToHalf(source[i]);
    }

    /// <summary>Narrows to the bits of one half. A magnitude of 65520 or more becomes infinity.</summary>
    public static ushort SingleToHalf(float value) =>
        (ushort)SingleToHalf(Vector128.CreateScalar(BitConverter.SingleToUInt32Bits(value))).ToScalar();

    /// <summary>The nearest half, in single precision.</summary>
    public static float RoundToHalf(float value) => HalfToSingle(SingleToHalf(value));

    /// <summary>Narrows to bfloat16 bits; a NaN stays a (quiet) NaN, as in ggml.</summary>
    public static void SingleToBFloat16(ReadOnlySpan<float> source, Span<ushort> destination)
    {
        ReadOnlySpan<uint> bits = MemoryMarshal.Cast<float, uint>(source);
        int i = 0;
        for (; i <= source.Length - Vector128<ushort>.Count; i += Vector128<ushort>.Count)
        {
            Vector128<uint> lower = SingleToBFloat16(Vector128.Create(bits[i..]));
            Vector128<uint> upper = SingleToBFloat16(Vector128.Create(bits[(i + Vector128<uint>.Count)..]));
            Vector128.Narrow(lower, upper).CopyTo(destination[i..]);
        }
        for (; i < source.Length; i++) destination[i] = (ushort)SingleToBFloat16(Vector128.CreateScalar(bits[i])).ToScalar();
    }

    // Adding 2^-14 to the re-biased bits and taking it away again as floats normalises subnormal halves (F. Giesen, public domain).
    private static Vector128<float> HalfToSingle(Vector128<uint> half)
    {
        Vector128<uint> magnitude = (half & Vector128.Create(0x7FFFu)) << 13;
        Vector128<uint> exponent = magnitude & Vector128.Create(0x7C00u << 13);
        Vector128<uint> rebiased = magnitude + Vector128.Create(HalfToSingleBias);
        Vector128<uint> special = rebiased + Vector128.Create(HalfToSingleBias); // infinity and NaN: exponent 255
        Vector128<float> smallest = Vector128.Create(113u << 23).AsSingle();
        Vector128<uint> subnormal = ((rebiased + Vector128.Create(1u << 23)).AsSingle() - smallest).AsUInt32();
        Vector128<uint> result = Vector128.ConditionalSelect(Vector128.Equals(exponent, Vector128.Create(0x7C00u << 13)), special, rebiased);
        result = Vector128.ConditionalSelect(Vector128.Equals(exponent, Vector128<uint>.Zero), subnormal, result);
        return (result | ((half & Vector128.Create(0x8000u)) << 16)).AsSingle();
    }

    private static Vector128<uint> SingleToHalf(Vector128<uint> bits)
    {
        Vector128<uint> sign = (bits & Vector128.Create(0x8000_0000u)) >> 16;
        Vector128<uint> magnitude = bits & Vector128.Create(0x7FFF_FFFFu);

        // Adding 0.5 lines the ten mantissa bits of a subnormal half up at the bottom, and the addition itself rounds.
        Vector128<uint> half = Vector128.Create(0.5f).AsUInt32();
        Vector128<uint> subnormal = (magnitude.AsSingle() + half.AsSingle()).AsUInt32() - half;

        Vector128<uint> odd = (magnitude >> 13) & Vector128<uint>.One;
        Vector128<uint> normal = (magnitude - Vector128.Create(HalfToSingleBias) + Vector128.Create(0xFFFu) + odd) >> 13;

        Vector128<uint> isNaN = Vector128.GreaterThan(magnitude, Vector128.Create(0x7F80_0000u));
        Vector128<uint> special = Vector128.ConditionalSelect(isNaN, Vector128.Create(0x7E00u), Vector128.Create(0x7C00u));

        Vector128<uint> result = Vector128.ConditionalSelect(Vector128.LessThan(magnitude, Vector128.Create(113u << 23)), subnormal, normal);
        result = Vector128.ConditionalSelect(Vector128.GreaterThanOrEqual(magnitude, Vector128.Create((127u + 16) << 23)), special, result);
        return result | sign;
    }

    private static Vector128<uint> SingleToBFloat16(Vector128<uint> bits)
    {
        Vector128<uint> odd = (bits >> 16) & Vector128<uint>.One;
        Vector128<uint> rounded = (bits + Vector128.Create(0x7FFFu) + odd) >> 16;
        Vector128<uint> quiet = (bits >> 16) | Vector128.Create(0x40u);
        Vector128<uint> isNaN = Vector128.GreaterThan(bits & Vector128.Create(0x7FFF_FFFFu), Vector128.Create(0x7F80_0000u));
        return Vector128.ConditionalSelect(isNaN, quiet, rounded);
    }

    private static float[] DecodeTable(int exponentBits)
    {
        int mantissaBits = 7 - exponentBits, bias = (1 << (exponentBits - 1)) - 1;
        int lastExponent = (1 << exponentBits) - 1, lastMantissa = (1 << mantissaBits) - 1;
        var table = new float[256];
        for (int code = 0; code < 256; code++)
        {
            int exponent = (code & 0x7F) >> mantissaBits, mantissa = code & lastMantissa;
            double magnitude = exponent == 0
                ? Math.ScaleB(mantissa, 1 - bias - mantissaBits)
                : Math.ScaleB((1 << mantissaBits) + mantissa, exponent - bias - mantissaBits);
            if (exponentBits == 5 && exponent == lastExponent) magnitude = mantissa == 0 ? double.PositiveInfinity : double.NaN;
            if (exponentBits == 4 && exponent == lastExponent && mantissa == lastMantissa) magnitude = double.NaN;
            table[code] = (float)(code >= 128 ? -magnitude : magnitude);
        }
        return table;
    }
}
