using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Distill.Export.Quantization;

/// <summary>Eight lanes: AVX2, or two registers of four elsewhere.</summary>
internal readonly unsafe struct Lanes8 : ILanes<Lanes8>
{
    private readonly Vector256<float> _value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Lanes8(Vector256<float> value) => _value = value;

    public static int Width => 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 Of(float value) => new(Vector256.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 Load(float* source) => new(Vector256.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(float* destination) => _value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void StoreBytes(byte* destination)
    {
        Vector128<short> words = Vector128.Narrow(Vector128.ConvertToInt32(_value.GetLower()), Vector128.ConvertToInt32(_value.GetUpper()));
        *(ulong*)destination = Vector128.Narrow(words.AsUInt16(), words.AsUInt16()).AsUInt64().ToScalar();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void StoreCodes(ushort* destination) =>
        Vector128.Narrow(Vector128.ConvertToInt32(_value.GetLower()).AsUInt32(), Vector128.ConvertToInt32(_value.GetUpper()).AsUInt32()).Store(destination);

    public static Lanes8 Indices => new(Vector256.Create(0f, 1, 2, 3, 4, 5, 6, 7));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Least(Lanes8 value)
    {
        Vector128<float> four = Vector128.MinNative(value._value.GetLower(), value._value.GetUpper());
        Vector128<float> two = Vector128.MinNative(four, Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1)));
        return Vector128.MinNative(two, Vector128.Shuffle(two, Vector128.Create(1, 0, 3, 2))).ToScalar();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 Lookup(float* table, ushort* codes, int shift)
    {
        if (Avx2.IsSupported) return new(Avx2.PermuteVar8x32(Vector256.Load(table), Avx2.ConvertToVector256Int32(Vector128.Load(codes)) >>> shift));
        float* lanes = stackalloc float[8];
        for (int i = 0; i < 8; i++) lanes[i] = table[(codes[i] >> shift) & 7];
        return Load(lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 CodeIndex(Lanes8 value)
    {
        if (!Avx2.IsSupported) return EachLane(value, &ScalarLane.CodeIndex);
        return new(Vector256.ConvertToSingle(Index(value._value)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 CodeValue(Lanes8 value)
    {
        if (!Avx2.IsSupported) return EachLane(value, &ScalarLane.CodeValue);
        return new(Lookup(Codebook.Values, Index(value._value)));
    }

    // A binary search in all lanes at once: each step compares with the middle that the steps before chose.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Index(Vector256<float> value)
    {
        Vector256<int> index = ~Vector256.LessThan(value, Vector256.Create(-4.5f)).AsInt32() & Vector256.Create(8);
        index += ~Vector256.LessThan(value, Lookup(Codebook.Middles, index + Vector256.Create(3))).AsInt32() & Vector256.Create(4);
        index += ~Vector256.LessThan(value, Lookup(Codebook.Middles, index + Vector256.Create(1))).AsInt32() & Vector256.Create(2);
        return index + (~Vector256.LessThan(value, Lookup(Codebook.Middles, index)).AsInt32() & Vector256.Create(1));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Lookup(ReadOnlySpan<float> table, Vector256<int> index) => Vector256.ConditionalSelect(
        Vector256.GreaterThan(index, Vector256.Create(7)).AsSingle(),
        Avx2.PermuteVar8x32(Vector256.Create(table[8..]), index),
        Avx2.PermuteVar8x32(Vector256.Create(table), index));

    private static Lanes8 EachLane(Lanes8 value, delegate*<ScalarLane, ScalarLane> function)
    {
        float* lanes = stackalloc float[8];
        value.Store(lanes);
        for (int i = 0; i < 8; i++) function(ScalarLane.Load(lanes + i)).Store(lanes + i);
        return Load(lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 operator +(Lanes8 left, Lanes8 right) => new(left._value + right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 operator -(Lanes8 left, Lanes8 right) => new(left._value - right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 operator *(Lanes8 left, Lanes8 right) => new(left._value * right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 operator /(Lanes8 left, Lanes8 right) => new(left._value / right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 operator &(Lanes8 left, Lanes8 right) => new(left._value & right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 operator <(Lanes8 left, Lanes8 right) => new(Vector256.LessThan(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 operator >(Lanes8 left, Lanes8 right) => new(Vector256.GreaterThan(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 Equal(Lanes8 left, Lanes8 right) => new(Vector256.Equals(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 Select(Lanes8 mask, Lanes8 yes, Lanes8 no) => new(Vector256.ConditionalSelect(mask._value, yes._value, no._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Any(Lanes8 mask) => mask._value.AsInt32() != Vector256<int>.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Bits(Lanes8 mask) => mask._value.ExtractMostSignificantBits();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 Abs(Lanes8 value) => new(Vector256.Abs(value._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 Min(Lanes8 left, Lanes8 right) => new(Vector256.MinNative(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 Max(Lanes8 left, Lanes8 right) => new(Vector256.MaxNative(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 Sqrt(Lanes8 value) => new(Vector256.Sqrt(value._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 Round(Lanes8 value, int lowest, int highest)
    {
        Vector256<int> bits = (value._value + Vector256.Create(Rounding.Magic)).AsInt32();
        Vector256<int> nearest = (bits & Vector256.Create(Rounding.Mantissa)) - Vector256.Create(Rounding.Zero);
        return new(Vector256.ConvertToSingle(Vector256.Min(Vector256.Max(nearest, Vector256.Create(lowest)), Vector256.Create(highest))));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 Truncate(Lanes8 value)
    {
        Vector256<float> inRange = Vector256.LessThan(Vector256.Abs(value._value), Vector256.Create((float)int.MaxValue));
        return new(Vector256.ConditionalSelect(inRange, Vector256.Truncate(value._value), Vector256<float>.Zero));
    }
}
