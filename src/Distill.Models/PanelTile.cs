using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Distill.Models;

/// <summary>The innermost loops of <see cref="PanelProduct"/>, for AVX-512.</summary>
internal static unsafe class PanelTile
{
    /// <summary>Rows that are computed together.</summary>
    public const int Rows = 8;

    /// <summary>Columns of a panel: with the rows they fill 24 of the 32 registers with sums.</summary>
    public const int Columns = 3 * Lanes;

    /// <summary>From a row of a panel to the next: two panels lie side by side.</summary>
    public const int PanelStride = 2 * Columns;

    /// <summary>Floats in a register.</summary>
    public const int Lanes = 16;

    // Floats that the panel is fetched ahead of its use: it lies in the second-level cache.
    private const int Ahead = 8 * PanelStride;

    /// <summary>Whether this processor can.</summary>
    public static bool IsSupported => Avx512F.IsSupported && Vector512.IsHardwareAccelerated;

    /// <summary>Fills, or adds to, up to 8 rows and 48 columns of <c>c = a b</c>.</summary>
    /// <param name="tile">Where everything is.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(in Tile tile)
    {
        long last = tile.RowCount - 1, stride = tile.InputStride;
        float* a0 = tile.Input, a1 = a0 + (Math.Min(1, last) * stride), a2 = a0 + (Math.Min(2, last) * stride), a3 = a0 + (Math.Min(3, last) * stride);
        float* a4 = a0 + (Math.Min(4, last) * stride), a5 = a0 + (Math.Min(5, last) * stride), a6 = a0 + (Math.Min(6, last) * stride), a7 = a0 + (Math.Min(7, last) * stride);
        Vector512<float> s00 = default, s01 = default, s02 = default, s10 = default, s11 = default, s12 = default, s20 = default, s21 = default, s22 = default;
        Vector512<float> s30 = default, s31 = default, s32 = default, s40 = default, s41 = default, s42 = default, s50 = default, s51 = default, s52 = default;
        Vector512<float> s60 = default, s61 = default, s62 = default, s70 = default, s71 = default, s72 = default;
        float* panel = tile.Panel;
        long count = tile.Count;
        for (long i = 0; i < count; i++)
        {
            Sse.Prefetch0(panel + Ahead);
            Sse.Prefetch0(panel + Ahead + Lanes);
            Sse.Prefetch0(panel + Ahead + (2 * Lanes));
            Vector512<float> b0 = Vector512.Load(panel), b1 = Vector512.Load(panel + Lanes), b2 = Vector512.Load(panel + (2 * Lanes));
            Vector512<float> a = Vector512.Create(a0[i]);
            (s00, s01, s02) = (Avx512F.FusedMultiplyAdd(a, b0, s00), Avx512F.FusedMultiplyAdd(a, b1, s01), Avx512F.FusedMultiplyAdd(a, b2, s02));
            a = Vector512.Create(a1[i]);
            (s10, s11, s12) = (Avx512F.FusedMultiplyAdd(a, b0, s10), Avx512F.FusedMultiplyAdd(a, b1, s11), Avx512F.FusedMultiplyAdd(a, b2, s12));
            a = Vector512.Create(a2[i]);
            (s20, s21, s22) = (Avx512F.FusedMultiplyAdd(a, b0, s20), Avx512F.FusedMultiplyAdd(a, b1, s21), Avx512F.FusedMultiplyAdd(a, b2, s22));
            a = Vector512.Create(a3[i]);
            (s30, s31, s32) = (Avx512F.FusedMultiplyAdd(a, b0, s30), Avx512F.FusedMultiplyAdd(a, b1, s31), Avx512F.FusedMultiplyAdd(a, b2, s32));
            a = Vector512.Create(a4[i]);
            (s40, s41, s42) = (Avx512F.FusedMultiplyAdd(a, b0, s40), Avx512F.FusedMultiplyAdd(a, b1, s41), Avx512F.FusedMultiplyAdd(a, b2, s42));
            a = Vector512.Create(a5[i]);
            (s50, s51, s52) = (Avx512F.FusedMultiplyAdd(a, b0, s50), Avx512F.FusedMultiplyAdd(a, b1, s51), Avx512F.FusedMultiplyAdd(a, b2, s52));
            a = Vector512.Create(a6[i]);
            (s60, s61, s62) = (Avx512F.FusedMultiplyAdd(a, b0, s60), Avx512F.FusedMultiplyAdd(a, b1, s61), Avx512F.FusedMultiplyAdd(a, b2, s62));
            a = Vector512.Create(a7[i]);
            (s70, s71, s72) = (Avx512F.FusedMultiplyAdd(a, b0, s70), Avx512F.FusedMultiplyAdd(a, b1, s71), Avx512F.FusedMultiplyAdd(a, b2, s72));
            panel += PanelStride;
        }
        Store(in tile, 0, s00, s01, s02);
        Store(in tile, 1, s10, s11, s12);
        Store(in tile, 2, s20, s21, s22);
        Store(in tile, 3, s30, s31, s32);
        Store(in tile, 4, s40, s41, s42);
        Store(in tile, 5, s50, s51, s52);
        Store(in tile, 6, s60, s61, s62);
        Store(in tile, 7, s70, s71, s72);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(in Tile tile, long row, Vector512<float> first, Vector512<float> second, Vector512<float> third)
    {
        if (row >= tile.RowCount) return;
        float* output = tile.Output + (row * tile.OutputStride);
        Put(first, output, tile.Adds);
        if (tile.ColumnCount > Lanes) Put(second, output + Lanes, tile.Adds);
        if (tile.ColumnCount > 2 * Lanes) Put(third, output + (2 * Lanes), tile.Adds);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(Vector512<float> values, float* output, bool adds) => (adds ? values + Vector512.Load(output) : values).Store(output);

    /// <summary>Copies a square of 16 by 16 so that its rows become columns.</summary>
    /// <param name="source">First value.</param>
    /// <param name="sourceStride">From a row to the next.</param>
    /// <param name="target">First value.</param>
    /// <param name="targetStride">From a row to the next.</param>
    [SkipLocalsInit]
    public static void Transpose(float* source, long sourceStride, float* target, long targetStride)
    {
        Vector512<float>* quads = stackalloc Vector512<float>[16]; // [4 groups of rows][4]: lane l of the c-th has column 4 l + c of a group's rows
        for (int group = 0; group < 4; group++)
        {
            float* rows = source + (4 * group * sourceStride);
            Vector512<float> a = Vector512.Load(rows), b = Vector512.Load(rows + sourceStride), c = Vector512.Load(rows + (2 * sourceStride)), d = Vector512.Load(rows + (3 * sourceStride));
            Vector512<double> lowAB = Avx512F.UnpackLow(a, b).AsDouble(), highAB = Avx512F.UnpackHigh(a, b).AsDouble();
            Vector512<double> lowCD = Avx512F.UnpackLow(c, d).AsDouble(), highCD = Avx512F.UnpackHigh(c, d).AsDouble();
            quads[4 * group] = Avx512F.UnpackLow(lowAB, lowCD).AsSingle();
            quads[(4 * group) + 1] = Avx512F.UnpackHigh(lowAB, lowCD).AsSingle();
            quads[(4 * group) + 2] = Avx512F.UnpackLow(highAB, highCD).AsSingle();
            quads[(4 * group) + 3] = Avx512F.UnpackHigh(highAB, highCD).AsSingle();
        }
        for (int c = 0; c < 4; c++)
        {
            Vector512<float> v0 = quads[c], v1 = quads[4 + c], v2 = quads[8 + c], v3 = quads[12 + c];
            Vector512<float> low01 = Avx512F.Shuffle4x128(v0, v1, 0x44), low23 = Avx512F.Shuffle4x128(v2, v3, 0x44);
            Vector512<float> high01 = Avx512F.Shuffle4x128(v0, v1, 0xEE), high23 = Avx512F.Shuffle4x128(v2, v3, 0xEE);
            Avx512F.Shuffle4x128(low01, low23, 0x88).Store(target + (c * targetStride));
            Avx512F.Shuffle4x128(low01, low23, 0xDD).Store(target + ((4 + c) * targetStride));
            Avx512F.Shuffle4x128(high01, high23, 0x88).Store(target + ((8 + c) * targetStride));
            Avx512F.Shuffle4x128(high01, high23, 0xDD).Store(target + ((12 + c) * targetStride));
        }
    }
}

/// <summary>A piece of a product that is computed in registers.</summary>
internal unsafe struct Tile
{
    public float* Input;  // [rows, count], InputStride from a row to the next
    public float* Panel;  // [count, 48], PanelStride from a row to the next
    public float* Output; // [rows, columns], OutputStride from a row to the next
    public long InputStride, OutputStride, Count, RowCount, ColumnCount;
    public bool Adds;     // to what the output has, else it is replaced
}
