using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Distill.Weights;

namespace Distill.Export.Quantization;

/// <summary>IQ2_XXS, IQ2_XS, IQ2_S, IQ3_XXS and IQ3_S: signs, points of a <see cref="Lattice"/>, and sub-scales of four bits.</summary>
internal static unsafe class LatticeBlocks<TLanes> where TLanes : struct, ILanes<TLanes>
{
    private const int Length = 256;

    /// <summary>Encodes whole super-blocks.</summary>
    /// <param name="type">One of the five types.</param>
    /// <param name="source">Rows.</param>
    /// <param name="rowLength">Elements of a row.</param>
    /// <param name="importance">How much each column counts, or nothing; IQ2_XXS and IQ2_XS cannot do without.</param>
    /// <param name="destination">Receives exactly the blocks. One whose values are too large to be compared gets an infinite scale.</param>
    [SkipLocalsInit]
    public static void Encode(GgufTensorType type, ReadOnlySpan<float> source, int rowLength, ReadOnlySpan<float> importance, Span<byte> destination)
    {
        var (settings, lattice) = (LatticeSettings.Of(type), Lattice.Of(type));
        byte* memory = stackalloc byte[LatticeScratch.MemoryBytes];
        var scratch = new LatticeScratch(memory);
        var parts = new LatticeParts(stackalloc byte[64], stackalloc byte[64], stackalloc byte[32], stackalloc byte[16]);
        Span<float> scales = stackalloc float[Length / settings.SubBlock];
        for (int first = 0; first < source.Length; first += Length)
        {
            Span<byte> block = destination.Slice(first / Length * type.BlockBytes(), type.BlockBytes());
            block.Clear();
            parts.Clear();
            bool found = Search(scratch, settings, lattice, source.Slice(first, Length), importance.IsEmpty ? [] : importance.Slice(first % rowLength, Length), parts, scales);

            float largest = 0;
            foreach (float scale in scales) largest = largest > scale ? largest : scale;
            float step = largest / 31, inverse = 1 / step;
            for (int i = 0; largest != 0 && i < scales.Length; i++)
                parts.SubScales[i] = (byte)Math.Clamp(Rounding.Nearest(0.5f * ((inverse * scales[i]) - 1)), 0, 15);
            // Where all scales vanished ggml leaves points and signs in the blocks of some types.
            if (largest != 0 || settings.KeepsWithoutScale) parts.Write(type, block);
            BinaryPrimitives.WriteUInt16LittleEndian(block, FloatConversion.SingleToHalf(found ? step * settings.ScaleFactor : float.PositiveInfinity));
        }
    }

    private static bool Search(
        in LatticeScratch scratch, LatticeSettings settings, Lattice lattice, ReadOnlySpan<float> values, ReadOnlySpan<float> importance, LatticeParts parts, Span<float> scales)
    {
        Span<byte> levels = stackalloc byte[settings.SubBlock];
        int length = settings.SubBlock, groups = length / settings.Group, octets = length / 8, skipped = 0;
        float energy = settings.Energy * BlockWeights<TLanes>.SumOfSquares(values) / Length;
        bool found = float.IsFinite(energy);
        for (int sub = 0; sub < scales.Length; sub++)
        {
            ReadOnlySpan<float> part = values.Slice(sub * length, length);
            SetWeights(scratch, settings, part, importance.IsEmpty ? [] : importance.Slice(sub * length, length), energy);
            // As in ggml: after a sub-block of zeros the lower bits and the signs of the next ones move up, although readers do not expect it.
            int place = settings.ClosesGaps ? sub - skipped : sub;
            Span<byte> signs = parts.Signs.Slice(place * octets, octets);
            float range = SplitSigns(scratch, settings, part, signs);
            scales[sub] = 0;
            float scale = range / settings.Top;
            if (!(range < settings.Negligible) && settings.Refinement == LatticeRefinement.Always)
            {
                scale = PositiveScaleSearch.Run(new ReadOnlySpan<float>(scratch.Values, length), new ReadOnlySpan<float>(scratch.Weights, length), settings.Levels + 1, levels);
                range = scale * settings.Levels;
            }
            if (range < settings.Negligible || range <= 0)
            {
                signs.Clear();
                skipped++;
                continue;
            }
            for (int i = 0; i < length; i += TLanes.Width) (TLanes.Load(scratch.Weights + i) * TLanes.Load(scratch.Values + i)).Store(scratch.Products + i);
            found &= LatticeSearch<TLanes>.Run(scratch, settings, lattice, range, ref scale);
            if (scale < 0)
            {
                scale = -scale;
                for (int i = 0; i < octets; i++) signs[i] = (byte)~signs[i];
            }
            for (int group = 0; group < groups; group++)
            {
                int number = lattice.NumberOf(scratch.Chosen[group]);
                parts.Lower[(place * groups) + group] = (byte)number;
                parts.Upper[(sub * groups) + group] = (byte)(number >> 8);
            }
            found &= scale >= 0;
            scales[sub] = scale;
        }
        return found;
    }

    private static void SetWeights(in LatticeScratch scratch, LatticeSettings settings, ReadOnlySpan<float> values, ReadOnlySpan<float> importance, float energy)
    {
        fixed (float* source = values, columns = importance)
        {
            TLanes average = TLanes.Of(energy), part = TLanes.Of(settings.EnergyWithoutImportance * energy);
            for (int i = 0; i < values.Length; i += TLanes.Width)
            {
                TLanes value = TLanes.Load(source + i), square = value * value;
                TLanes weight = columns != null ? TLanes.Load(columns + i) * TLanes.Sqrt(average + square) : part + square;
                weight.Store(scratch.Weights + i);
                TLanes.Sqrt(weight).Store(scratch.Roots + i);
            }
        }
    }

    // Magnitudes to the scratch, signs as bits; gives the largest value. An odd number of signs is made even by taking the sign that costs least.
    private static float SplitSigns(in LatticeScratch scratch, LatticeSettings settings, ReadOnlySpan<float> values, Span<byte> signs)
    {
        for (int octet = 0; octet < signs.Length; octet++)
        {
            int bits = 0, flips = 0;
            for (int i = octet * 8; i < (octet * 8) + 8; i++)
            {
                bool negative = !(values[i] >= 0);
                scratch.Values[i] = negative ? -values[i] : values[i];
                bits |= (negative ? 1 : 0) << (i % 8);
                flips += negative ? 1 : 0;
            }
            if (settings.EvenSigns && flips % 2 != 0)
            {
                int cheapest = octet * 8;
                float least = scratch.Weights[cheapest] * values[cheapest] * values[cheapest];
                for (int i = cheapest + 1; i < (octet * 8) + 8; i++)
                {
                    float cost = scratch.Weights[i] * values[i] * values[i];
                    if (cost < least) (least, cheapest) = (cost, i);
                }
                scratch.Values[cheapest] = -scratch.Values[cheapest];
                bits ^= 1 << (cheapest % 8);
            }
            signs[octet] = (byte)bits;
        }
        float largest = scratch.Values[0];
        for (int i = 1; i < values.Length; i++) largest = largest > scratch.Values[i] ? largest : scratch.Values[i];
        return largest;
    }
}
