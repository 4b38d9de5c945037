using System.Runtime.CompilerServices;

namespace Distill.Export.Quantization;

/// <summary>One lane: the reference that the vectors are tested against.</summary>
internal readonly unsafe struct ScalarLane : ILanes<ScalarLane>
{
    private readonly float _value;

    private ScalarLane(float value) => _value = value;

    public static int Width => 1;

    private bool IsSet => BitConverter.SingleToInt32Bits(_value) != 0;

    public static ScalarLane Of(float value) => new(value);

    public static ScalarLane Load(float* source) => new(*source);

    public void Store(float* destination) => *destination = _value;

    public void StoreBytes(byte* destination) => *destination = (byte)_value;

    public void StoreCodes(ushort* destination) => *destination = (ushort)_value;

    public static ScalarLane operator +(ScalarLane left, ScalarLane right) => new(left._value + right._value);

    public static ScalarLane operator -(ScalarLane left, ScalarLane right) => new(left._value - right._value);

    public static ScalarLane operator *(ScalarLane left, ScalarLane right) => new(left._value * right._value);

    public static ScalarLane operator /(ScalarLane left, ScalarLane right) => new(left._value / right._value);

    public static ScalarLane operator &(ScalarLane left, ScalarLane right) => Mask(left.IsSet && right.IsSet);

    public static ScalarLane operator <(ScalarLane left, ScalarLane right) => Mask(left._value < right._value);

    public static ScalarLane operator >(ScalarLane left, ScalarLane right) => Mask(left._value > right._value);

    public static ScalarLane Equal(ScalarLane left, ScalarLane right) => Mask(left._value == right._value);

    public static ScalarLane Select(ScalarLane mask, ScalarLane yes, ScalarLane no) => mask.IsSet ? yes : no;

    public static bool Any(ScalarLane mask) => mask.IsSet;

    public static uint Bits(ScalarLane mask) => mask.IsSet ? 1u : 0;

    public static ScalarLane Abs(ScalarLane value) => new(MathF.Abs(value._value));

    public static ScalarLane Min(ScalarLane left, ScalarLane right) => new(MathF.Min(left._value, right._value));

    public static ScalarLane Max(ScalarLane left, ScalarLane right) => new(MathF.Max(left._value, right._value));

    public static ScalarLane Sqrt(ScalarLane value) => new(MathF.Sqrt(value._value));

    public static ScalarLane Round(ScalarLane value, int lowest, int highest) =>
        new(Math.Min(Math.Max(Rounding.Nearest(value._value), lowest), highest));

    public static ScalarLane Truncate(ScalarLane value) => new(MathF.Abs(value._value) < int.MaxValue ? MathF.Truncate(value._value) : 0);

    public static ScalarLane Indices => new(0);

    public static float Least(ScalarLane value) => value._value;

    public static ScalarLane Lookup(float* table, ushort* codes, int shift) => new(table[(*codes >> shift) & 7]);

    public static ScalarLane CodeIndex(ScalarLane value) => new(Index(value._value));

    public static ScalarLane CodeValue(ScalarLane value) => new(Codebook.Values[Index(value._value)]);

    // "Not less" rather than "at least": NaN goes to the last value, as in a binary search.
    private static int Index(float value)
    {
        int index = 0;
        while (index < 15 && !(value < Codebook.Middles[index])) index++;
        return index;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ScalarLane Mask(bool set) => new(BitConverter.Int32BitsToSingle(set ? -1 : 0));
}
