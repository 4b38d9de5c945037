namespace Distill.Export.Quantization;

/// <summary>Levels, one a byte, into the bit order of each type.</summary>
internal static class BlockPacking
{
    /// <summary>32 levels of four bits: byte j holds levels j and j + 16.</summary>
    public static void HalfNibbles(ReadOnlySpan<byte> levels, Span<byte> destination)
    {
        for (int j = 0; j < 16; j++) destination[j] = (byte)((levels[j] & 15) | (levels[j + 16] << 4));
    }

    /// <summary>The fifth bit of each of 32 levels.</summary>
    public static uint FifthBits(ReadOnlySpan<byte> levels)
    {
        uint bits = 0;
        for (int j = 0; j < 32; j++) bits |= (uint)((levels[j] >> 4) & 1) << j;
        return bits;
    }

    /// <summary>256 levels of two bits: byte l of a half holds levels l, l + 32, l + 64 and l + 96 of that half.</summary>
    public static void TwoBits(ReadOnlySpan<byte> levels, Span<byte> destination)
    {
        for (int half = 0; half < 2; half++)
        {
            ReadOnlySpan<byte> source = levels.Slice(half * 128, 128);
            for (int l = 0; l < 32; l++)
                destination[(half * 32) + l] = (byte)((source[l] & 3) | ((source[l + 32] & 3) << 2) | ((source[l + 64] & 3) << 4) | (source[l + 96] << 6));
        }
    }

    /// <summary>256 levels of three bits: the lower two as above, the third of level j in bit j / 32 of byte j % 32.</summary>
    public static void ThreeBits(ReadOnlySpan<byte> levels, Span<byte> lower, Span<byte> third)
    {
        TwoBits(levels, lower);
        third.Clear();
        for (int j = 0; j < 256; j++) third[j % 32] |= (byte)((levels[j] >> 2) << (j / 32));
    }

    /// <summary>256 levels of four bits: byte l of each group of 64 holds levels l and l + 32.</summary>
    public static void Nibbles(ReadOnlySpan<byte> levels, Span<byte> destination)
    {
        for (int group = 0; group < 4; group++)
        {
            ReadOnlySpan<byte> source = levels.Slice(group * 64, 64);
            for (int l = 0; l < 32; l++) destination[(group * 32) + l] = (byte)((source[l] & 15) | (source[l + 32] << 4));
        }
    }

    /// <summary>256 levels of five bits: the lower four as above, the fifth of group g's halves in bits 2g and 2g + 1.</summary>
    public static void FiveBits(ReadOnlySpan<byte> levels, Span<byte> lower, Span<byte> fifth)
    {
        Nibbles(levels, lower);
        fifth.Clear();
        for (int j = 0; j < 256; j++) fifth[j % 32] |= (byte)((levels[j] >> 4) << (j / 32));
    }

    /// <summary>256 levels of six bits: in each half, lower nibbles of levels l and l + 64 share a byte, as do those of l + 32 and l + 96.</summary>
    public static void SixBits(ReadOnlySpan<byte> levels, Span<byte> lower, Span<byte> upper)
    {
        for (int half = 0; half < 2; half++)
        {
            ReadOnlySpan<byte> source = levels.Slice(half * 128, 128);
            for (int l = 0; l < 64; l++) lower[(half * 64) + l] = (byte)((source[l] & 15) | (source[l + 64] << 4));
            for (int l = 0; l < 32; l++)
                upper[(half * 32) + l] = (byte)((source[l] >> 4) | ((source[l + 32] >> 4) << 2) | ((source[l + 64] >> 4) << 4) | ((source[l + 96] >> 4) << 6));
        }
    }
}
