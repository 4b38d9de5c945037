using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace Distill.Models;

/// <summary>
/// 32-bit floats in two halves of 16 bits: the nearest 16-bit float, and how far the original's bits are above or below it. The original comes back to
/// the bit, so weights in 16 bits with 32-bit originals take no more memory than the originals alone. A tie is rounded away from zero, for then
/// 16 bits are enough for the rest. Source: Split-SGD, Kalamkar and others, arXiv:2005.04680, section VII.
/// </summary>
public static unsafe class SplitFloats
{
    private const int ValuesAtOnce = 16;
    private const long GroupsWorthAThread = 2048;

    private struct Halves
    {
        public uint* Values;
        public ushort* Rounded;
        public short* Rest;
    }

    /// <summary>Divides floats; one that is not a number stays none, but not the same.</summary>
    /// <param name="values">32-bit floats, <c>[count]</c>.</param>
    /// <param name="rounded">Receives the nearest 16-bit floats, <c>[count]</c>.</param>
    /// <param name="rest">Receives the rest, <c>[count]</c>, int16.</param>
    public static void Divide(Tensor values, Tensor rounded, Tensor rest)
    {
        if (AreOnCpu(values, rounded, rest)) Run(values, rounded, rest, &Divide, static (halves, i) => Divide(halves, i));
        else DivideAnywhere(values, rounded, rest);
    }

    /// <summary>Puts floats together again.</summary>
    /// <param name="rounded">The 16-bit floats, <c>[count]</c>.</param>
    /// <param name="rest">The rest, <c>[count]</c>, int16.</param>
    /// <param name="values">Receives the 32-bit floats, <c>[count]</c>.</param>
    public static void Join(Tensor rounded, Tensor rest, Tensor values)
    {
        if (AreOnCpu(values, rounded, rest)) Run(values, rounded, rest, &Join, static (halves, i) => halves.Values[i] = (uint)((halves.Rounded[i] << 16) + halves.Rest[i]));
        else JoinAnywhere(rounded, rest, values);
    }

    /// <summary><see cref="Divide(Tensor, Tensor, Tensor)"/> in libtorch's operations, on any device.</summary>
    internal static void DivideAnywhere(Tensor values, Tensor rounded, Tensor rest)
    {
        using var scope = NewDisposeScope();
        Tensor bits = Aten.ViewAs(values, ScalarType.Int32), none = values.isnan();
        Tensor high = where(none, bits.bitwise_right_shift(16).bitwise_or(0x40), (bits + 0x8000).bitwise_right_shift(16));
        rounded.copy_(Aten.ViewAs(high.to(ScalarType.Int16), ScalarType.BFloat16));
        rest.copy_((bits - high.bitwise_left_shift(16)).masked_fill(none, 0));
    }

    /// <summary><see cref="Join(Tensor, Tensor, Tensor)"/> in libtorch's operations, on any device.</summary>
    internal static void JoinAnywhere(Tensor rounded, Tensor rest, Tensor values)
    {
        using var scope = NewDisposeScope();
        Tensor bits = Aten.ViewAs(rounded, ScalarType.Int16).to(ScalarType.Int32).bitwise_left_shift(16) + rest.to(values.device).to(ScalarType.Int32);
        values.copy_(Aten.ViewAs(bits, ScalarType.Float32));
    }

    private static bool AreOnCpu(params ReadOnlySpan<Tensor> tensors)
    {
        foreach (Tensor tensor in tensors)
        {
            if (tensor.device_type != DeviceType.CPU) return false;
        }
        return true;
    }

    private static void Run(Tensor values, Tensor rounded, Tensor rest, delegate* unmanaged[Cdecl]<long, long, void*, void> groups, Action<Halves, long> one)
    {
        var halves = new Halves { Values = (uint*)Aten.Data(values), Rounded = (ushort*)Aten.Data(rounded), Rest = (short*)Aten.Data(rest) };
        long count = values.numel(), whole = count / ValuesAtOnce;
        Aten.ParallelFor(whole, GroupsWorthAThread, groups, &halves);
        for (long i = whole * ValuesAtOnce; i < count; i++) one(halves, i);
        GC.KeepAlive(values);
        GC.KeepAlive(rounded);
        GC.KeepAlive(rest);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Divide(long begin, long end, void* context)
    {
        Halves halves = *(Halves*)context;
        for (long i = begin * ValuesAtOnce; i < end * ValuesAtOnce; i += ValuesAtOnce)
        {
            (Vector256<uint> firstHigh, Vector256<uint> firstRest) = Divide(Vector256.Load(halves.Values + i));
            (Vector256<uint> secondHigh, Vector256<uint> secondRest) = Divide(Vector256.Load(halves.Values + i + Vector256<uint>.Count));
            Vector256.Narrow(firstHigh, secondHigh).Store(halves.Rounded + i);
            Vector256.Narrow(firstRest, secondRest).AsInt16().Store(halves.Rest + i);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Join(long begin, long end, void* context)
    {
        Halves halves = *(Halves*)context;
        for (long i = begin * ValuesAtOnce; i < end * ValuesAtOnce; i += ValuesAtOnce)
        {
            (Vector256<uint> firstHigh, Vector256<uint> secondHigh) = Vector256.Widen(Vector256.Load(halves.Rounded + i));
            (Vector256<int> firstRest, Vector256<int> secondRest) = Vector256.Widen(Vector256.Load(halves.Rest + i));
            ((firstHigh << 16) + firstRest.AsUInt32()).Store(halves.Values + i);
            ((secondHigh << 16) + secondRest.AsUInt32()).Store(halves.Values + i + Vector256<uint>.Count);
        }
    }

    // Of each the lower 16 bits count.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector256<uint> High, Vector256<uint> Low) Divide(Vector256<uint> bits)
    {
        Vector256<uint> none = Vector256.GreaterThan(bits & Vector256.Create(0x7FFFFFFFu), Vector256.Create(0x7F800000u));
        Vector256<uint> high = Vector256.ConditionalSelect(none, (bits >>> 16) | Vector256.Create(0x40u), (bits + Vector256.Create(0x8000u)) >>> 16);
        return (high, Vector256.AndNot(bits - (high << 16), none));
    }

    private static void Divide(Halves halves, long i)
    {
        (Vector256<uint> high, Vector256<uint> rest) = Divide(Vector256.Create(halves.Values[i]));
        (halves.Rounded[i], halves.Rest[i]) = ((ushort)high.ToScalar(), (short)rest.ToScalar());
    }
}
