namespace Distill.Export.Quantization;

/// <summary>
/// Several independent float computations side by side. The searches of the quantizers are written once against this
/// interface; a lane is one block, so every lane does exactly the operations of the scalar code, in the same order, and the
/// bytes do not depend on the width. Each operation is one rounded IEEE operation: nothing is contracted or reassociated.
/// A comparison gives all bits per lane, or none.
/// </summary>
/// <typeparam name="TSelf">The implementing type.</typeparam>
internal unsafe interface ILanes<TSelf> where TSelf : struct, ILanes<TSelf>
{
    /// <summary>Number of lanes.</summary>
    static abstract int Width { get; }

    /// <summary>The same value in every lane.</summary>
    static abstract TSelf Of(float value);

    /// <summary>Reads neighbouring values.</summary>
    static abstract TSelf Load(float* source);

    /// <summary>Writes neighbouring values.</summary>
    void Store(float* destination);

    /// <summary>Writes whole numbers from 0 to 255 as bytes.</summary>
    void StoreBytes(byte* destination);

    /// <summary>Writes whole numbers from 0 to 65535 as 16 bits.</summary>
    void StoreCodes(ushort* destination);

    /// <summary>Sum.</summary>
    static abstract TSelf operator +(TSelf left, TSelf right);

    /// <summary>Difference.</summary>
    static abstract TSelf operator -(TSelf left, TSelf right);

    /// <summary>Product.</summary>
    static abstract TSelf operator *(TSelf left, TSelf right);

    /// <summary>Quotient.</summary>
    static abstract TSelf operator /(TSelf left, TSelf right);

    /// <summary>Both masks.</summary>
    static abstract TSelf operator &(TSelf left, TSelf right);

    /// <summary>Mask: less, false for NaN.</summary>
    static abstract TSelf operator <(TSelf left, TSelf right);

    /// <summary>Mask: greater, false for NaN.</summary>
    static abstract TSelf operator >(TSelf left, TSelf right);

    /// <summary>Mask: equal, false for NaN.</summary>
    static abstract TSelf Equal(TSelf left, TSelf right);

    /// <summary><paramref name="yes"/> where the mask is set, else <paramref name="no"/>.</summary>
    static abstract TSelf Select(TSelf mask, TSelf yes, TSelf no);

    /// <summary>Whether the mask is set anywhere.</summary>
    static abstract bool Any(TSelf mask);

    /// <summary>The mask as one bit per lane, the first lane's the lowest.</summary>
    static abstract uint Bits(TSelf mask);

    /// <summary>Magnitude.</summary>
    static abstract TSelf Abs(TSelf value);

    /// <summary>The smaller; for finite values.</summary>
    static abstract TSelf Min(TSelf left, TSelf right);

    /// <summary>The larger; for finite values.</summary>
    static abstract TSelf Max(TSelf left, TSelf right);

    /// <summary>Square root.</summary>
    static abstract TSelf Sqrt(TSelf value);

    /// <summary><see cref="Rounding.Nearest"/>, then the limits, back in floating point.</summary>
    static abstract TSelf Round(TSelf value, int lowest, int highest);

    /// <summary>Towards zero; 0 for NaN and for what exceeds 32 bits, whose low byte C compilers for x86 leave at 0.</summary>
    static abstract TSelf Truncate(TSelf value);

    /// <summary>0, 1, 2 …</summary>
    static abstract TSelf Indices { get; }

    /// <summary>The smallest of all lanes; for finite values.</summary>
    static abstract float Least(TSelf value);

    /// <summary>One table entry per lane, by three bits of its code.</summary>
    /// <param name="table">Sixteen entries if there are sixteen lanes, of which the upper eight are those of the lower, else eight.</param>
    /// <param name="codes">One per lane.</param>
    /// <param name="shift">The place of the bits.</param>
    static abstract TSelf Lookup(float* table, ushort* codes, int shift);

    /// <summary>Index of the nearest value of <see cref="Codebook"/>, the upper one in the middle.</summary>
    static abstract TSelf CodeIndex(TSelf value);

    /// <summary>The nearest value of <see cref="Codebook"/>, the upper one in the middle.</summary>
    static abstract TSelf CodeValue(TSelf value);
}
