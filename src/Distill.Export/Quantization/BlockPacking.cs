using System.Runtime.Intrinsics;

namespace Distill.Export.Quantization;

/// <summary>Levels, one a byte, into the bit order of each type.</summary>
internal static class BlockPacking
{
    private const int Lane = 32; // every order is one of runs of 32 levels

    /// <summary>32 levels of four bits: byte j holds levels j and j + 16.</summary>
    public static void HalfNibbles(ReadOnlySpan<byte> levels, Span<byte> destination)
    {
        Vector128<byte> low = Vector128.Create(levels), high = Vector128.Create(levels[16..]);
        ((low & Vector128.Create((byte)15)) | (high << 4)).CopyTo(destination);
    }

    /// <summary>The fifth bit of each of 32 levels.</summary>
    public static uint FifthBits(ReadOnlySpan<byte> levels) => (Run(levels, 0) << 3).ExtractMostSignificantBits();

    /// <summary>256 levels of two bits: byte l of a half holds levels l, l + 32, l + 64 and l + 96 of that half.</summary>
    public static void TwoBits(ReadOnlySpan<byte> levels, Span<byte> destination)
    {
        Vector256<byte> two = Vector256.Create((byte)3);
        for (int half = 0; half < 2; half++)
        {
            Vector256<byte> packed = (Run(levels, 4 * half) & two) | ((Run(levels, (4 * half) + 1) & two) << 2) | ((Run(levels, (4 * half) + 2) & two) << 4) | (Run(levels, (4 * half) + 3) << 6);
            packed.CopyTo(destination[(half * Lane)..]);
        }
    }

    /// <summary>256 levels of three bits: the lower two as above, the third of level j in bit j / 32 of byte j % 32.</summary>
    public static void ThreeBits(ReadOnlySpan<byte> levels, Span<byte> lower, Span<byte> third)
    {
        TwoBits(levels, lower);
        OneBit(levels, 2, third);
    }

    /// <summary>256 levels of four bits: byte l of each group of 64 holds levels l and l + 32.</summary>
    public static void Nibbles(ReadOnlySpan<byte> levels, Span<byte> destination)
    {
        for (int group = 0; group < 4; group++)
            ((Run(levels, 2 * group) & Vector256.Create((byte)15)) | (Run(levels, (2 * group) + 1) << 4)).CopyTo(destination[(group * Lane)..]);
    }

    /// <summary>256 levels of five bits: the lower four as above, the fifth of group g's halves in bits 2g and 2g + 1.</summary>
    public static void FiveBits(ReadOnlySpan<byte> levels, Span<byte> lower, Span<byte> fifth)
    {
        Nibbles(levels, lower);
        OneBit(levels, 4, fifth);
    }

    /// <summary>256 levels of six bits: in each half, lower nibbles of levels l and l + 64 share a byte, as do those of l + 32 and l + 96.</summary>
    public static void SixBits(ReadOnlySpan<byte> levels, Span<byte> lower, Span<byte> upper)
    {
        Vector256<byte> four = Vector256.Create((byte)15);
        for (int half = 0; half < 2; half++)
        {
            Vector256<byte> first = Run(levels, 4 * half), second = Run(levels, (4 * half) + 1), third = Run(levels, (4 * half) + 2), last = Run(levels, (4 * half) + 3);
            ((first & four) | (third << 4)).CopyTo(lower[(half * 2 * Lane)..]);
            ((second & four) | (last << 4)).CopyTo(lower[(((half * 2) + 1) * Lane)..]);
            ((first >> 4) | ((second >> 4) << 2) | ((third >> 4) << 4) | ((last >> 4) << 6)).CopyTo(upper[(half * Lane)..]);
        }
    }

    // Bit r of the result's bytes: the given bit of the levels of run r.
    private static void OneBit(ReadOnlySpan<byte> levels, int bit, Span<byte> destination)
    {
        Vector256<byte> packed = Vector256<byte>.Zero, one = Vector256.Create((byte)1);
        for (int run = 0; run < 8; run++) packed |= ((Run(levels, run) >> bit) & one) << run;
        packed.CopyTo(destination);
    }

    private static Vector256<byte> Run(ReadOnlySpan<byte> levels, int run) => Vector256.Create(levels.Slice(run * Lane, Lane));
}
