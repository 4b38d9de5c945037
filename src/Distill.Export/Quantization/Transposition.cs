using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Distill.Export.Quantization;

/// <summary>Rows to columns, in registers where the processor can.</summary>
internal static unsafe class Transposition
{
    /// <summary>Rows and columns of what <see cref="Floats"/> transposes.</summary>
    public const int Side = 4;

    private const int ByteSide = 16;

    /// <summary>Four rows of four become columns.</summary>
    /// <param name="row0">First row.</param>
    /// <param name="row1">Second row.</param>
    /// <param name="row2">Third row.</param>
    /// <param name="row3">Fourth row.</param>
    /// <param name="destination">Receives them.</param>
    /// <param name="stride">From one row of the destination to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Floats(float* row0, float* row1, float* row2, float* row3, float* destination, int stride)
    {
        if (Sse.IsSupported)
        {
            Vector128<float> a = Vector128.Load(row0), b = Vector128.Load(row1), c = Vector128.Load(row2), d = Vector128.Load(row3);
            Vector128<float> lowAB = Sse.UnpackLow(a, b), lowCD = Sse.UnpackLow(c, d), highAB = Sse.UnpackHigh(a, b), highCD = Sse.UnpackHigh(c, d);
            Sse.MoveLowToHigh(lowAB, lowCD).Store(destination);
            Sse.MoveHighToLow(lowCD, lowAB).Store(destination + stride);
            Sse.MoveLowToHigh(highAB, highCD).Store(destination + (2 * stride));
            Sse.MoveHighToLow(highCD, highAB).Store(destination + (3 * stride));
            return;
        }
        for (int i = 0; i < Side; i++, destination += stride)
            (destination[0], destination[1], destination[2], destination[3]) = (row0[i], row1[i], row2[i], row3[i]);
    }

    /// <summary>Sixteen neighbouring rows of sixteen bytes become columns.</summary>
    /// <param name="source">The rows, one after the other.</param>
    /// <param name="destination">Receives them.</param>
    /// <param name="stride">From one row of the destination to the next.</param>
    public static void Bytes(byte* source, byte* destination, int stride)
    {
        if (!Sse2.IsSupported)
        {
            for (int row = 0; row < ByteSide; row++)
            {
                for (int column = 0; column < ByteSide; column++) destination[(column * stride) + row] = source[(row * ByteSide) + column];
            }
            return;
        }
        // Four rounds of interleaving row i with row i + 8 turn the place (row, column) into (column, row).
        byte* first = stackalloc byte[ByteSide * ByteSide], second = stackalloc byte[ByteSide * ByteSide];
        Interleave(source, first);
        Interleave(first, second);
        Interleave(second, first);
        Interleave(first, second);
        for (int row = 0; row < ByteSide; row++) Vector128.Load(second + (row * ByteSide)).Store(destination + (row * stride));
    }

    private static void Interleave(byte* source, byte* destination)
    {
        for (int i = 0; i < ByteSide / 2; i++)
        {
            Vector128<byte> even = Vector128.Load(source + (i * ByteSide)), odd = Vector128.Load(source + ((i + (ByteSide / 2)) * ByteSide));
            Sse2.UnpackLow(even, odd).Store(destination + (2 * i * ByteSide));
            Sse2.UnpackHigh(even, odd).Store(destination + (((2 * i) + 1) * ByteSide));
        }
    }
}
