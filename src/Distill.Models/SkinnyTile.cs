using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Distill.Models;

/// <summary>The innermost loops of <see cref="SkinnyProduct"/>.</summary>
internal static unsafe class SkinnyTile
{
    /// <summary>The number of columns is a multiple of this.</summary>
    public const int Columns = 16;

    /// <summary>Outputs, and rows, that are computed together: their sums fill half of the registers.</summary>
    public const int Outputs = 4;

    // One stream of weights outruns the processor's own prefetching, which stops at the end of a page: 16 KB ahead.
    private const int Ahead = 4096;

    /// <summary>Computes some outputs of all rows.</summary>
    /// <param name="part">The product.</param>
    /// <param name="first">First output.</param>
    /// <param name="end">Behind the last output.</param>
    public static void Multiply<TLanes>(in SkinnyPart part, long first, long end)
        where TLanes : struct, ISimdLanes<TLanes>
    {
        if (part.Rows == 1)
        {
            for (long output = first; output < end; output++)
            {
                float product = Dot<TLanes>(part.Weight + (output * part.Columns), part.Input, part.Columns);
                part.Output[output] = part.Bias is null ? product : product + part.Bias[output];
            }
            return;
        }
        for (long output = first; output < end; output += Outputs)
        {
            output = Math.Min(output, part.Outputs - Outputs); // the last tile may repeat outputs of the one before
            for (long row = 0; row < part.Rows; row += Outputs)
            {
                // Each pass over these weights fetches a part of the next ones.
                long next = Math.Min(output + Outputs + (row / Outputs), part.Outputs - 1);
                MultiplyTile<TLanes>(in part, output, row, part.Weight + (next * part.Columns));
            }
        }
    }

    // One sum in the order of a tile's sums, so that a sequence alone gets the same tokens as in a batch.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Dot<TLanes>(float* weight, float* input, long columns)
        where TLanes : struct, ISimdLanes<TLanes>
    {
        TLanes sum = default;
        for (long i = 0; i < columns; i += TLanes.Count)
        {
            if (Sse.IsSupported) Sse.Prefetch1(weight + i + Ahead);
            sum = TLanes.Load(weight + i).MultiplyAdd(TLanes.Load(input + i), sum);
        }
        return sum.Sum();
    }

    // Four outputs of four rows; rows that are not there repeat the last one and are not stored, which costs nothing while memory is waited for.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MultiplyTile<TLanes>(in SkinnyPart part, long output, long row, float* next)
        where TLanes : struct, ISimdLanes<TLanes>
    {
        long columns = part.Columns, last = part.Rows - 1;
        float* x0 = part.Input + (row * columns), x1 = part.Input + (Math.Min(row + 1, last) * columns);
        float* x2 = part.Input + (Math.Min(row + 2, last) * columns), x3 = part.Input + (Math.Min(row + 3, last) * columns);
        float* w0 = part.Weight + (output * columns), w1 = w0 + columns, w2 = w1 + columns, w3 = w2 + columns;
        TLanes s00 = default, s01 = default, s02 = default, s03 = default, s10 = default, s11 = default, s12 = default, s13 = default;
        TLanes s20 = default, s21 = default, s22 = default, s23 = default, s30 = default, s31 = default, s32 = default, s33 = default;
        for (long i = 0; i < columns; i += TLanes.Count)
        {
            if (Sse.IsSupported) Sse.Prefetch1(next + i);
            TLanes w = TLanes.Load(w0 + i), a = TLanes.Load(x0 + i), b = TLanes.Load(x1 + i), c = TLanes.Load(x2 + i), d = TLanes.Load(x3 + i);
            (s00, s01, s02, s03) = (w.MultiplyAdd(a, s00), w.MultiplyAdd(b, s01), w.MultiplyAdd(c, s02), w.MultiplyAdd(d, s03));
            w = TLanes.Load(w1 + i);
            (s10, s11, s12, s13) = (w.MultiplyAdd(a, s10), w.MultiplyAdd(b, s11), w.MultiplyAdd(c, s12), w.MultiplyAdd(d, s13));
            w = TLanes.Load(w2 + i);
            (s20, s21, s22, s23) = (w.MultiplyAdd(a, s20), w.MultiplyAdd(b, s21), w.MultiplyAdd(c, s22), w.MultiplyAdd(d, s23));
            w = TLanes.Load(w3 + i);
            (s30, s31, s32, s33) = (w.MultiplyAdd(a, s30), w.MultiplyAdd(b, s31), w.MultiplyAdd(c, s32), w.MultiplyAdd(d, s33));
        }
        Store(in part, output, row, s00, s10, s20, s30);
        Store(in part, output, row + 1, s01, s11, s21, s31);
        Store(in part, output, row + 2, s02, s12, s22, s32);
        Store(in part, output, row + 3, s03, s13, s23, s33);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<TLanes>(in SkinnyPart part, long output, long row, TLanes first, TLanes second, TLanes third, TLanes fourth)
        where TLanes : struct, ISimdLanes<TLanes>
    {
        if (row >= part.Rows) return;
        Vector128<float> sums = Vector128.Create(first.Sum(), second.Sum(), third.Sum(), fourth.Sum());
        if (part.Bias is not null) sums += Vector128.Load(part.Bias + output);
        sums.Store(part.Output + (row * part.Outputs) + output);
    }
}

/// <summary>One product: all matrices row by row.</summary>
internal unsafe struct SkinnyPart
{
    public float* Input;  // [rows, columns]
    public float* Weight; // [outputs, columns]
    public float* Bias;   // [outputs], or null
    public float* Output; // [rows, outputs]
    public long Rows, Columns, Outputs;
}
