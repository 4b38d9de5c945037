namespace Distill.Models;

/// <summary>How frozen weights are kept in memory. Whatever the format, products are computed in 32-bit floats.</summary>
public enum WeightFormat
{
    /// <summary>32 bits.</summary>
    Float32,

    /// <summary>16 bits: the range of 32-bit floats, 8 bits of precision.</summary>
    BFloat16,

    /// <summary>8.5 bits: blocks of 32 weights, a whole number from -127 to 127 each, and a 16-bit scale.</summary>
    Int8,

    /// <summary>4.5 bits: blocks of 32 weights, a whole number from -8 to 7 each, and a 16-bit scale.</summary>
    Int4,
}
