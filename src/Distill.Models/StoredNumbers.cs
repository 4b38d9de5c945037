using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Distill.Models;

/// <summary>The memory of a matrix that may be stored small, for loops that expand it to 32-bit floats.</summary>
/// <param name="format">How it is stored.</param>
/// <param name="numbers">First row.</param>
/// <param name="scales">Scales of its blocks of 32, in the same order; null where there are none.</param>
internal readonly unsafe struct StoredNumbers(WeightFormat format, void* numbers, Half* scales = null)
{
    private const int BlockSize = StoredWeight.BlockSize, LineSize = 64;

    private readonly byte* _numbers = (byte*)numbers;

    /// <summary>Bytes of a block's numbers.</summary>
    public int BlockBytes => format switch
    {
        WeightFormat.Float32 => 4 * BlockSize,
        WeightFormat.BFloat16 => 2 * BlockSize,
        WeightFormat.Int8 => BlockSize,
        _ => BlockSize / 2,
    };

    /// <summary>Asks for consecutive blocks to be brought into the processor's cache.</summary>
    /// <param name="first">Number of the first block, counted from the first row on.</param>
    /// <param name="count">Blocks.</param>
    public void Fetch(long first, long count)
    {
        byte* last = At(first + count) - 1;
        for (byte* line = At(first); line < last; line += LineSize) Sse.Prefetch1(line);
        Sse.Prefetch1(last);
        if (scales is not null) Sse.Prefetch1(scales + first);
    }

    private byte* At(long block) => _numbers + (block * BlockBytes);

    /// <summary>Expands consecutive blocks.</summary>
    /// <param name="first">Number of the first block, counted from the first row on.</param>
    /// <param name="count">Blocks.</param>
    /// <param name="values">Receives 32 values of each.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Expand(long first, long count, float* values)
    {
        byte* source = At(first);
        Half* factors = scales + first;
        switch (format)
        {
            case WeightFormat.Float32:
                Unsafe.CopyBlockUnaligned(values, source, (uint)(count * BlockBytes));
                break;
            case WeightFormat.BFloat16:
                for (long block = 0; block < count; block++) Widen((ushort*)source + (block * BlockSize), values + (block * BlockSize));
                break;
            case WeightFormat.Int8:
                for (long block = 0; block < count; block++) Scale(Vector256.Load((sbyte*)source + (block * BlockSize)), factors[block], values + (block * BlockSize));
                break;
            default:
                for (long block = 0; block < count; block++) Scale(Unpack(source + (block * (BlockSize / 2))), factors[block], values + (block * BlockSize));
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<sbyte> Unpack(byte* source)
    {
        Vector128<byte> pairs = Vector128.Load(source);
        return Vector256.Create(pairs & Vector128.Create((byte)15), pairs >>> 4).AsSByte() - Vector256.Create((sbyte)8);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Widen(ushort* source, float* values)
    {
        for (int i = 0; i < BlockSize; i += Vector256<ushort>.Count)
        {
            (Vector256<uint> low, Vector256<uint> high) = Vector256.Widen(Vector256.Load(source + i));
            (low << 16).AsSingle().Store(values + i);
            (high << 16).AsSingle().Store(values + i + Vector256<uint>.Count);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Scale(Vector256<sbyte> numbers, Half scale, float* values)
    {
        if (Avx512F.IsSupported)
        {
            Vector512<float> wide = Vector512.Create(Wide(scale));
            (Avx512F.ConvertToVector512Single(Avx512F.ConvertToVector512Int32(numbers.GetLower())) * wide).Store(values);
            (Avx512F.ConvertToVector512Single(Avx512F.ConvertToVector512Int32(numbers.GetUpper())) * wide).Store(values + 16);
            return;
        }
        Vector256<float> factor = Vector256.Create(Wide(scale));
        (Vector256<short> low, Vector256<short> high) = Vector256.Widen(numbers);
        (Vector256<int> first, Vector256<int> second) = Vector256.Widen(low);
        (Vector256<int> third, Vector256<int> fourth) = Vector256.Widen(high);
        (Vector256.ConvertToSingle(first) * factor).Store(values);
        (Vector256.ConvertToSingle(second) * factor).Store(values + 8);
        (Vector256.ConvertToSingle(third) * factor).Store(values + 16);
        (Vector256.ConvertToSingle(fourth) * factor).Store(values + 24);
    }

    /// <summary>The same number in 32 bits: shorter than the runtime's conversion. Subnormal numbers are made of their digits, so that it does not matter whether a thread takes those for zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float Wide(Half value)
    {
        uint bits = BitConverter.HalfToUInt16Bits(value), magnitude = bits & 0x7FFF, sign = (bits & 0x8000) << 16;
        if (magnitude >= 0x7C00) return (float)value; // infinite, or none
        uint wide = magnitude < 0x400 ? BitConverter.SingleToUInt32Bits(magnitude * (1f / (1 << 24))) : (magnitude << 13) + (112u << 23);
        return BitConverter.UInt32BitsToSingle(wide | sign);
    }
}
