using Distill.Curation.Text;

namespace Distill.Curation.Duplicates;

/// <summary>
/// MinHash over sets of five words in a row, with datatrove's parameters: 14 bands of 8 rows. Two texts share a band with probability
/// 1 - (1 - s^8)^14 at Jaccard similarity s: 0.92 at 0.8, one half near 0.7.
/// Source: Broder, "On the resemblance and containment of documents", 1997.
/// </summary>
internal static class MinHash
{
    /// <summary>Bands of a signature.</summary>
    public const int Bands = 14;

    /// <summary>Hashes in a band.</summary>
    public const int Rows = 8;

    /// <summary>Hashes of a signature.</summary>
    public const int Hashes = Bands * Rows;

    /// <summary>Words of one element of the sets that are compared. A shorter text is one element.</summary>
    public const int ShingleWords = 5;

    // Multiply-shift hashing (Dietzfelbinger et al., 1997): odd multipliers, the upper half of the product.
    private static readonly ulong[] Multipliers = Constants(1), Summands = Constants(2);

    /// <summary>Signs a text.</summary>
    /// <param name="words">Its words; at least one.</param>
    /// <param name="bands">Receives one hash for each band.</param>
    /// <param name="sketch">Receives the lowest eight bits of each minimum, enough to estimate the similarity of two texts.</param>
    public static void Sign(ReadOnlySpan<Word> words, Span<ulong> bands, Span<byte> sketch)
    {
        Span<uint> minima = stackalloc uint[Hashes];
        minima.Fill(uint.MaxValue);
        int length = Math.Min(ShingleWords, words.Length);
        for (int start = 0; start + length <= words.Length; start++)
        {
            ulong shingle = 0;
            foreach (Word word in words.Slice(start, length)) shingle = StableHash.Combine(shingle, word.Hash);
            for (int i = 0; i < minima.Length; i++)
            {
                uint hash = (uint)(((shingle * Multipliers[i]) + Summands[i]) >> 32);
                if (hash < minima[i]) minima[i] = hash;
            }
        }
        for (int band = 0; band < Bands; band++)
        {
            ulong hash = (ulong)band;
            foreach (uint minimum in minima.Slice(band * Rows, Rows)) hash = StableHash.Combine(hash, minimum);
            bands[band] = hash;
        }
        for (int i = 0; i < Hashes; i++) sketch[i] = (byte)minima[i];
    }

    /// <summary>Estimates the Jaccard similarity of two texts, 0 to 1, from their sketches; equal low bits by chance are taken off.</summary>
    public static double Similarity(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        int same = 0;
        for (int i = 0; i < a.Length; i++)
            if (a[i] == b[i]) same++;
        const double Chance = 1.0 / 256;
        return Math.Max(0, ((same / (double)a.Length) - Chance) / (1 - Chance));
    }

    private static ulong[] Constants(ulong seed)
    {
        var constants = new ulong[Hashes];
        for (int i = 0; i < constants.Length; i++) constants[i] = StableHash.Mix((seed << 32) + (ulong)i + 1) | 1;
        return constants;
    }
}
