namespace Distill.Export.Quantization;

/// <summary>Float to integer as ggml does it.</summary>
internal static class Rounding
{
    /// <summary>1.5 · 2^23: a float this large has no fractional bits, so adding it rounds half to even.</summary>
    public const float Magic = 12582912;

    /// <summary>The mantissa bits of a float.</summary>
    public const int Mantissa = 0x7F_FFFF;

    /// <summary>The mantissa of <see cref="Magic"/>: zero.</summary>
    public const int Zero = 0x40_0000;

    /// <summary>Rounds half to even. Beyond ±2^22 the result is meaningless, but the same meaningless number as in ggml.</summary>
    public static int Nearest(float value) => (BitConverter.SingleToInt32Bits(value + Magic) & Mantissa) - Zero;
}
