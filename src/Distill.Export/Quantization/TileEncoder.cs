using System.Runtime.CompilerServices;
using Distill.Weights;

namespace Distill.Export.Quantization;

/// <summary>Whole rows into blocks, tile after tile.</summary>
internal static unsafe class TileEncoder<TLanes> where TLanes : struct, ILanes<TLanes>
{
    /// <summary>Encodes whole rows.</summary>
    /// <param name="type">Any block type but Q8_0.</param>
    /// <param name="source">Rows.</param>
    /// <param name="rowLength">Elements of a row.</param>
    /// <param name="importance">How much each column counts, or nothing.</param>
    /// <param name="destination">Receives exactly the blocks.</param>
    [SkipLocalsInit]
    public static void Encode(GgufTensorType type, ReadOnlySpan<float> source, int rowLength, ReadOnlySpan<float> importance, Span<byte> destination)
    {
        int height = type is GgufTensorType.Q2_K or GgufTensorType.Q3_K or GgufTensorType.Q6_K ? 16 : 32;
        byte* memory = stackalloc byte[Tile.MemoryBytes];
        var tile = new Tile(memory, height);
        bool weighted = !importance.IsEmpty;
        for (int first = 0; first < source.Length; first += height * Tile.Columns)
        {
            int blocks = Math.Min((source.Length - first) / height, Tile.Columns);
            tile.Transpose(source, first, blocks, tile.Values);
            if (weighted)
            {
                tile.Transpose(importance, first % rowLength, blocks, tile.Weights);
                SetEnergy(type, tile, source, first, blocks, rowLength);
            }
            Span<byte> target = destination[(int)type.ByteCount(first)..(int)type.ByteCount(first + (blocks * height))];
            EncodeTile(type, tile, weighted, target);
        }
    }

    private static void EncodeTile(GgufTensorType type, in Tile tile, bool weighted, Span<byte> target)
    {
        switch (type)
        {
            case GgufTensorType.Q4_0 or GgufTensorType.Q4_1 or GgufTensorType.Q5_0 or GgufTensorType.Q5_1:
                LegacyBlocks<TLanes>.Encode(type, tile, weighted, target);
                break;
            case GgufTensorType.Q2_K or GgufTensorType.Q4_K or GgufTensorType.Q5_K:
                AffineSuperBlocks<TLanes>.Encode(type, tile, weighted, target);
                break;
            case GgufTensorType.Q3_K:
                SymmetricSuperBlocks<TLanes>.EncodeThreeBits(tile, weighted, target);
                break;
            case GgufTensorType.Q6_K:
                SymmetricSuperBlocks<TLanes>.EncodeSixBits(tile, weighted, target);
                break;
            case GgufTensorType.IQ4_NL or GgufTensorType.IQ4_XS:
                CodebookBlocks<TLanes>.Encode(type, tile, weighted, target);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(type), type, "cannot be written");
        }
    }

    // The legacy types take the mean square over the whole row, Q2_K over the super-block, the others twice that.
    private static void SetEnergy(GgufTensorType type, in Tile tile, ReadOnlySpan<float> source, int first, int blocks, int rowLength)
    {
        if (type == GgufTensorType.Q6_K) return;
        bool legacy = type is GgufTensorType.Q4_0 or GgufTensorType.Q4_1 or GgufTensorType.Q5_0 or GgufTensorType.Q5_1;
        bool codebook = type is GgufTensorType.IQ4_NL or GgufTensorType.IQ4_XS;
        int length = legacy ? rowLength : type.BlockSize(), current = -1;
        float energy = 0;
        for (int column = 0; column < blocks; column++)
        {
            int start = (first + (column * tile.Height)) / length * length;
            if (start != current)
            {
                float sum = BlockWeights<TLanes>.SumOfSquares(source.Slice(start, length));
                energy = legacy || type == GgufTensorType.Q2_K ? sum / length : codebook ? sum * (2f / length) : 2 * sum / length;
                current = start;
            }
            tile.Energy[column] = energy;
        }
        for (int column = blocks; column < Tile.Columns; column++) tile.Energy[column] = 0;
    }
}
