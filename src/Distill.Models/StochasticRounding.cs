using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace Distill.Models;

/// <summary>
/// Rounds 32-bit floats to one of the two 16-bit floats around them, at random: the nearer one is the likelier, so that the mean is the original and
/// updates too small for 16 bits are not lost but done now and then. What is a 16-bit float already stays. Source: Gupta and others, "Deep learning with
/// limited numerical precision", arXiv:1502.02551, section 3; for training in 16 bits alone: Zamirai and others, arXiv:2010.06192.
/// <para>
/// Between two 16-bit floats the lower 16 bits of a 32-bit float count evenly: with 16 random bits added they carry as often as they should. The random bits
/// are a function of key and place (MurmurHash3's mixing, twice), so that they do not depend on threads or on the stretches that are rounded at once, and a
/// training that goes on needs nothing but its seed and step to draw the same.
/// </para>
/// </summary>
public static unsafe class StochasticRounding
{
    /// <summary>Stretches begin at multiples of this.</summary>
    public const int Alignment = 16;

    private const long GroupsWorthAThread = 1024;
    private const uint Exponent = 0x7F800000, Magnitude = 0x7FFFFFFF, Quiet = 0x40;
    private const uint FirstFactor = 0x85EBCA6B, SecondFactor = 0xC2B2AE35, Golden = 0x9E3779B9;

    // Held here: TorchSharp lets a passing number be collected while libtorch still reads it.
    private static readonly Scalar FirstScalar = (long)FirstFactor, SecondScalar = (long)SecondFactor, GoldenScalar = (long)Golden, QuietScalar = (long)Quiet;

    private struct Work
    {
        public uint* Values;
        public ushort* Rounded;
        public long FirstGroup;
        public ulong Key;
    }

    /// <summary>
    /// Rounds. Infinities stay, what is not a number stays none, and what is finite stays finite: beyond the largest 16-bit float the mean cannot be kept.
    /// </summary>
    /// <param name="values">32-bit floats, <c>[count]</c>.</param>
    /// <param name="rounded">Receives the 16-bit floats, <c>[count]</c>.</param>
    /// <param name="first">Place of the first value, a multiple of <see cref="Alignment"/>: values at different places are rounded independently.</param>
    /// <param name="key">Same key, same result.</param>
    public static void Round(Tensor values, Tensor rounded, long first, long key)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(first % Alignment, 0, nameof(first));
        if (values.device_type != DeviceType.CPU || rounded.device_type != DeviceType.CPU)
        {
            RoundAnywhere(values, rounded, first, key);
            return;
        }
        var work = new Work { Values = (uint*)Aten.Data(values), Rounded = (ushort*)Aten.Data(rounded), FirstGroup = first / Alignment, Key = (ulong)key };
        long count = values.numel(), whole = count / Alignment, rest = count % Alignment;
        Aten.ParallelFor(whole, GroupsWorthAThread, &Groups, &work);
        if (rest > 0)
        {
            uint* last = stackalloc uint[Alignment];
            ushort* lastRounded = stackalloc ushort[Alignment];
            new Span<uint>(work.Values + (whole * Alignment), (int)rest).CopyTo(new Span<uint>(last, Alignment));
            Group(last, lastRounded, work.FirstGroup + whole, work.Key);
            new Span<ushort>(lastRounded, (int)rest).CopyTo(new Span<ushort>(work.Rounded + (whole * Alignment), (int)rest));
        }
        GC.KeepAlive(values);
        GC.KeepAlive(rounded);
    }

    /// <summary><see cref="Round"/> in libtorch's operations, on any device: the same bits.</summary>
    internal static void RoundAnywhere(Tensor values, Tensor rounded, long first, long key)
    {
        using var scope = NewDisposeScope();
        Tensor bits = Aten.ViewAs(values, ScalarType.Int32).to(ScalarType.Int64).bitwise_and(0xFFFFFFFFL);
        Tensor place = arange(first, first + values.numel(), ScalarType.Int64, values.device);
        Tensor group = place.bitwise_right_shift(4), counter = group.bitwise_left_shift(3) + place.bitwise_and(7);
        Tensor mixed = Mix(counter.bitwise_xor((long)(uint)key).bitwise_and(0xFFFFFFFFL)).add(counter.bitwise_right_shift(32).mul(GoldenScalar)).add(tensor((long)(uint)((ulong)key >> 32)));
        mixed = Mix(mixed.bitwise_and(0xFFFFFFFFL));
        Tensor random = where(place.bitwise_and(8) == 0, mixed.bitwise_and(0xFFFF), mixed.bitwise_right_shift(16));
        Tensor carried = bits + random;
        Tensor keeps = (carried.bitwise_and((long)Exponent) == (long)Exponent).logical_or(bits.bitwise_and((long)Exponent) == (long)Exponent);
        Tensor kept = bits.bitwise_right_shift(16).bitwise_or((bits.bitwise_and((long)Magnitude) > (long)Exponent).to(ScalarType.Int64).mul(QuietScalar));
        rounded.copy_(Aten.ViewAs(where(keeps, kept, carried.bitwise_right_shift(16)).to(ScalarType.Int16), ScalarType.BFloat16));

        static Tensor Mix(Tensor x)
        {
            x = x.bitwise_xor(x.bitwise_right_shift(16)).mul(FirstScalar).bitwise_and(0xFFFFFFFFL);
            x = x.bitwise_xor(x.bitwise_right_shift(13)).mul(SecondScalar).bitwise_and(0xFFFFFFFFL);
            return x.bitwise_xor(x.bitwise_right_shift(16));
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Groups(long begin, long end, void* context)
    {
        Work work = *(Work*)context;
        for (long group = begin; group < end; group++) Group(work.Values + (group * Alignment), work.Rounded + (group * Alignment), work.FirstGroup + group, work.Key);
    }

    // One hash serves two values: its lower half one of the first eight, its upper half one of the last eight.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Group(uint* values, ushort* rounded, long group, ulong key)
    {
        ulong counter = (ulong)group * 8;
        Vector256<uint> mixed = Mix((Vector256.Create((uint)counter) + Vector256<uint>.Indices) ^ Vector256.Create((uint)key));
        mixed = Mix(mixed + Vector256.Create((uint)(key >> 32) + ((uint)(counter >> 32) * Golden)));
        Vector256<uint> low = Carry(Vector256.Load(values), mixed & Vector256.Create(0xFFFFu)), high = Carry(Vector256.Load(values + 8), mixed >>> 16);
        Vector256.Narrow(low, high).Store(rounded);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Carry(Vector256<uint> bits, Vector256<uint> random)
    {
        Vector256<uint> carried = bits + random, exponent = Vector256.Create(Exponent);
        Vector256<uint> keeps = Vector256.Equals(carried & exponent, exponent) | Vector256.Equals(bits & exponent, exponent);
        Vector256<uint> kept = (bits >>> 16) | (Vector256.GreaterThan(bits & Vector256.Create(Magnitude), exponent) & Vector256.Create(Quiet));
        return Vector256.ConditionalSelect(keeps, kept, carried >>> 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Mix(Vector256<uint> x)
    {
        x = (x ^ (x >>> 16)) * FirstFactor;
        x = (x ^ (x >>> 13)) * SecondFactor;
        return x ^ (x >>> 16);
    }
}
