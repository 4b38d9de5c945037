using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace Distill.Models;

/// <summary>Sum of squares of many floats on the CPU: of stretches of fixed length, then of their sums, so that the threads do not change a bit of it.</summary>
public static unsafe class SquareSum
{
    private const int Stretch = 1 << 15, Lanes = 4;

    private struct Work
    {
        public float* Values;
        public double* Sums;
        public long Count;
    }

    /// <summary>Computes it.</summary>
    /// <param name="values">32-bit floats, <c>[count]</c>, contiguous and on the CPU.</param>
    public static double Of(Tensor values)
    {
        long count = values.numel(), stretches = (count + Stretch - 1) / Stretch;
        double[] sums = new double[stretches];
        fixed (double* first = sums)
        {
            var work = new Work { Values = (float*)Aten.Data(values), Sums = first, Count = count };
            Aten.ParallelFor(stretches, 1, &Stretches, &work);
        }
        GC.KeepAlive(values);
        return sums.Sum();
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Stretches(long begin, long end, void* context)
    {
        Work work = *(Work*)context;
        for (long stretch = begin; stretch < end; stretch++) work.Sums[stretch] = Sum(work.Values + (stretch * Stretch), (int)Math.Min(Stretch, work.Count - (stretch * Stretch)));
    }

    private static double Sum(float* values, int count)
    {
        Vector256<float> first = Vector256<float>.Zero, second = first, third = first, fourth = first;
        int width = Vector256<float>.Count, i = 0;
        for (; i + (Lanes * width) <= count; i += Lanes * width)
        {
            first += Square(values + i);
            second += Square(values + i + width);
            third += Square(values + i + (2 * width));
            fourth += Square(values + i + (3 * width));
        }
        double sum = 0;
        for (int lane = 0; lane < width; lane++) sum += (double)first[lane] + second[lane] + third[lane] + fourth[lane];
        for (; i < count; i++) sum += (double)values[i] * values[i];
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Square(float* values)
    {
        Vector256<float> vector = Vector256.Load(values);
        return vector * vector;
    }
}
