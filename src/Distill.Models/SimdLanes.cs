using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Distill.Models;

/// <summary>A register of 32-bit floats, so that one kernel serves every width.</summary>
internal unsafe interface ISimdLanes<TSelf>
    where TSelf : struct, ISimdLanes<TSelf>
{
    /// <summary>Floats in the register.</summary>
    static abstract int Count { get; }

    /// <summary>The floats at an address.</summary>
    static abstract TSelf Load(float* source);

    /// <summary><c>this · other + sum</c>, rounded once.</summary>
    TSelf MultiplyAdd(TSelf other, TSelf sum);

    /// <summary>The sum of the lanes.</summary>
    float Sum();
}

/// <summary>Sixteen floats: AVX-512.</summary>
internal readonly unsafe struct SixteenLanes(Vector512<float> values) : ISimdLanes<SixteenLanes>
{
    private readonly Vector512<float> _values = values;

    public static int Count => Vector512<float>.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SixteenLanes Load(float* source) => new(Vector512.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public SixteenLanes MultiplyAdd(SixteenLanes other, SixteenLanes sum) => new(Vector512.FusedMultiplyAdd(_values, other._values, sum._values));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float Sum() => new EightLanes(_values.GetLower() + _values.GetUpper()).Sum();
}

/// <summary>Eight floats: AVX2 with fused multiplication and addition.</summary>
internal readonly unsafe struct EightLanes(Vector256<float> values) : ISimdLanes<EightLanes>
{
    private readonly Vector256<float> _values = values;

    public static int Count => Vector256<float>.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static EightLanes Load(float* source) => new(Vector256.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public EightLanes MultiplyAdd(EightLanes other, EightLanes sum) => new(Vector256.FusedMultiplyAdd(_values, other._values, sum._values));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float Sum() => Vector128.Sum(_values.GetLower() + _values.GetUpper());
}
