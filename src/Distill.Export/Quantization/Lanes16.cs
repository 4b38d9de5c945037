using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Distill.Export.Quantization;

/// <summary>Sixteen lanes: AVX-512.</summary>
internal readonly unsafe struct Lanes16 : ILanes<Lanes16>
{
    private readonly Vector512<float> _value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Lanes16(Vector512<float> value) => _value = value;

    public static int Width => 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 Of(float value) => new(Vector512.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 Load(float* source) => new(Vector512.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(float* destination) => _value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void StoreBytes(byte* destination) => Avx512F.ConvertToVector128Byte(Vector512.ConvertToInt32(_value)).Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void StoreCodes(ushort* destination) => Avx512F.ConvertToVector256UInt16(Vector512.ConvertToInt32(_value)).Store(destination);

    public static Lanes16 Indices => new(Vector512.Create(0f, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Least(Lanes16 value)
    {
        Vector256<float> eight = Vector256.MinNative(value._value.GetLower(), value._value.GetUpper());
        Vector128<float> four = Vector128.MinNative(eight.GetLower(), eight.GetUpper());
        Vector128<float> two = Vector128.MinNative(four, Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1)));
        return Vector128.MinNative(two, Vector128.Shuffle(two, Vector128.Create(1, 0, 3, 2))).ToScalar();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 Lookup(float* table, ushort* codes, int shift) =>
        new(Avx512F.PermuteVar16x32(Vector512.Load(table), Avx512F.ConvertToVector512Int32(Vector256.Load(codes)) >>> shift));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 CodeIndex(Lanes16 value) => new(Vector512.ConvertToSingle(Index(value._value)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 CodeValue(Lanes16 value) => new(Lookup(Codebook.Values, Index(value._value)));

    // A binary search in all lanes at once: each step compares with the middle that the steps before chose.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Index(Vector512<float> value)
    {
        Vector512<int> index = ~Vector512.LessThan(value, Vector512.Create(-4.5f)).AsInt32() & Vector512.Create(8);
        index += ~Vector512.LessThan(value, Lookup(Codebook.Middles, index + Vector512.Create(3))).AsInt32() & Vector512.Create(4);
        index += ~Vector512.LessThan(value, Lookup(Codebook.Middles, index + Vector512.Create(1))).AsInt32() & Vector512.Create(2);
        return index + (~Vector512.LessThan(value, Lookup(Codebook.Middles, index)).AsInt32() & Vector512.Create(1));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Lookup(ReadOnlySpan<float> table, Vector512<int> index) =>
        Avx512F.PermuteVar16x32(Vector512.Create(table), index);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 operator +(Lanes16 left, Lanes16 right) => new(left._value + right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 operator -(Lanes16 left, Lanes16 right) => new(left._value - right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 operator *(Lanes16 left, Lanes16 right) => new(left._value * right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 operator /(Lanes16 left, Lanes16 right) => new(left._value / right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 operator &(Lanes16 left, Lanes16 right) => new(left._value & right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 operator <(Lanes16 left, Lanes16 right) => new(Vector512.LessThan(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 operator >(Lanes16 left, Lanes16 right) => new(Vector512.GreaterThan(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 Equal(Lanes16 left, Lanes16 right) => new(Vector512.Equals(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 Select(Lanes16 mask, Lanes16 yes, Lanes16 no) => new(Vector512.ConditionalSelect(mask._value, yes._value, no._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Any(Lanes16 mask) => mask._value.AsInt32() != Vector512<int>.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Bits(Lanes16 mask) => (uint)mask._value.ExtractMostSignificantBits();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 Abs(Lanes16 value) => new(Vector512.Abs(value._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 Min(Lanes16 left, Lanes16 right) => new(Vector512.MinNative(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 Max(Lanes16 left, Lanes16 right) => new(Vector512.MaxNative(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 Sqrt(Lanes16 value) => new(Vector512.Sqrt(value._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 Round(Lanes16 value, int lowest, int highest)
    {
        Vector512<int> bits = (value._value + Vector512.Create(Rounding.Magic)).AsInt32();
        Vector512<int> nearest = (bits & Vector512.Create(Rounding.Mantissa)) - Vector512.Create(Rounding.Zero);
        return new(Vector512.ConvertToSingle(Vector512.Min(Vector512.Max(nearest, Vector512.Create(lowest)), Vector512.Create(highest))));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 Truncate(Lanes16 value)
    {
        Vector512<float> inRange = Vector512.LessThan(Vector512.Abs(value._value), Vector512.Create((float)int.MaxValue));
        return new(Vector512.ConditionalSelect(inRange, Vector512.Truncate(value._value), Vector512<float>.Zero));
    }
}
