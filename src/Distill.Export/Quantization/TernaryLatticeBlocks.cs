using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Distill.Weights;

namespace Distill.Export.Quantization;

/// <summary>IQ1_S and IQ1_M: points of three levels, all moved to one side or the other, and sub-scales of three bits.</summary>
internal static unsafe class TernaryLatticeBlocks<TLanes> where TLanes : struct, ILanes<TLanes>
{
    private const int Length = 256;
    private const int Octets = Length / 8;
    private const float ScaleFactor = 1.125f; // IQ1_S
    private const float MixedScaleFactor = 1.1125f; // IQ1_M

    /// <summary>Encodes whole super-blocks.</summary>
    /// <param name="type">IQ1_S or IQ1_M.</param>
    /// <param name="source">Rows.</param>
    /// <param name="rowLength">Elements of a row.</param>
    /// <param name="importance">How much each column counts; IQ1_M can do without.</param>
    /// <param name="destination">Receives exactly the blocks. One whose values are too large to be compared gets an infinite scale.</param>
    [SkipLocalsInit]
    public static void Encode(GgufTensorType type, ReadOnlySpan<float> source, int rowLength, ReadOnlySpan<float> importance, Span<byte> destination)
    {
        bool mixed = type == GgufTensorType.IQ1_M;
        int subBlock = mixed ? 16 : 32, blockBytes = type.BlockBytes();
        float* weights = stackalloc float[Length];
        int* numbers = stackalloc int[Octets], sides = stackalloc int[Octets];
        float* scales = stackalloc float[Length / subBlock];
        for (int first = 0; first < source.Length; first += Length)
        {
            Span<byte> block = destination.Slice(first / Length * blockBytes, blockBytes);
            block.Clear();
            new Span<int>(numbers, Octets).Clear();
            new Span<int>(sides, Octets).Clear();
            fixed (float* values = source.Slice(first, Length), columns = importance.IsEmpty ? [] : importance.Slice(first % rowLength, Length))
            {
                bool found = SetWeights(values, columns, weights);
                float largest = 0;
                for (int sub = 0; sub < Length / subBlock; sub++)
                {
                    int octet = sub * subBlock / 8;
                    scales[sub] = TernarySearch<TLanes>.Run(values + (sub * subBlock), weights + (sub * subBlock), subBlock, mixed, numbers + octet, sides + octet, ref found);
                    largest = largest > scales[sub] ? largest : scales[sub];
                }
                if (mixed) WriteMixed(numbers, sides, scales, largest, values, weights, found, block);
                else Write(numbers, sides, scales, largest, found, block);
            }
        }
    }

    // False if squares overflow.
    private static bool SetWeights(float* values, float* importance, float* weights)
    {
        float energy = 2 * BlockWeights<TLanes>.SumOfSquares(new ReadOnlySpan<float>(values, Length)) / Length;
        for (int i = 0; i < Length; i += TLanes.Width)
        {
            TLanes value = TLanes.Load(values + i), square = value * value;
            (importance != null ? TLanes.Load(importance + i) * TLanes.Sqrt(TLanes.Of(energy) + square) : square).Store(weights + i);
        }
        return float.IsFinite(energy);
    }

    private static int SubScale(float inverse, float scale) => Math.Clamp(Rounding.Nearest(0.5f * ((inverse * scale) - 1)), 0, 7);

    private static void Write(int* numbers, int* sides, float* scales, float largest, bool found, Span<byte> block)
    {
        float step = largest / 15, inverse = 1 / step;
        for (int sub = 0; sub < 8; sub++)
        {
            int high = 0;
            for (int i = 0; i < 4; i++)
            {
                block[2 + (4 * sub) + i] = (byte)numbers[(4 * sub) + i];
                high |= (numbers[(4 * sub) + i] >> 8) << (3 * i);
            }
            if (largest != 0) high |= (SubScale(inverse, scales[sub]) | (sides[4 * sub] << 3)) << 12;
            BinaryPrimitives.WriteUInt16LittleEndian(block[(34 + (2 * sub))..], (ushort)high);
        }
        BinaryPrimitives.WriteUInt16LittleEndian(block, FloatConversion.SingleToHalf(found ? step * ScaleFactor : float.PositiveInfinity));
    }

    // The scale is fitted once more to all that is stored, and its bits are spread over the words of sub-scales.
    private static void WriteMixed(int* numbers, int* sides, float* scales, float largest, float* values, float* weights, bool found, Span<byte> block)
    {
        float step = largest / 15, inverse = 1 / step, products = 0, squares = 0;
        Span<int> words = stackalloc int[4];
        words.Clear();
        for (int octet = 0; octet < Octets; octet++)
        {
            int subScale = SubScale(inverse, scales[octet / 2]), side = largest != 0 ? sides[octet] << 3 : 0;
            block[octet] = (byte)numbers[octet];
            block[32 + (octet / 2)] |= (byte)(((numbers[octet] >> 8) | side) << (octet % 2 * 4));
            if (octet % 2 == 0) words[octet / 8] |= subScale << (octet / 2 % 4 * 3);
            TernarySearch<TLanes>.AddFit(numbers[octet], sides[octet], (2 * subScale) + 1, values + (8 * octet), weights + (8 * octet), ref products, ref squares);
        }
        if (largest == 0 && found) return;
        if (squares > 0) step = products / squares;
        int bits = FloatConversion.SingleToHalf(found ? step * MixedScaleFactor : float.PositiveInfinity);
        for (int i = 0; i < 4; i++) BinaryPrimitives.WriteUInt16LittleEndian(block[(48 + (2 * i))..], (ushort)(words[i] | (((bits >> (4 * i)) & 15) << 12)));
    }
}
