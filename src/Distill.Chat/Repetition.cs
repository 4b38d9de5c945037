using System.Buffers;

namespace Distill.Chat;

/// <summary>Tells a text that repeats itself without end. Reasoning models fall into such loops and fill their whole token limit.</summary>
public static class Repetition
{
    private const int WindowBytes = 16 << 10;
    private const int FewestRepeats = 8;
    private const int FewestBytes = 2048;
    private const int ProbeBytes = 64;

    /// <summary>
    /// Whether the text ends in one passage that stands there at least eight times in a row, word for word, over at least 2 kB.
    /// Only the last 16 kB are looked at, so passages longer than 2 kB are not found.
    /// </summary>
    /// <param name="utf8">The text, as UTF-8.</param>
    public static bool EndsInLoop(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length < FewestBytes) return false;
        ReadOnlySpan<byte> window = utf8[^Math.Min(utf8.Length, WindowBytes)..];
        // Text that has not been there before cannot be a loop: nearly always the answer, at the price of a search.
        if (window[..^1].IndexOf(window[^ProbeBytes..]) < 0) return false;
        int[] borders = ArrayPool<int>.Shared.Rent(window.Length + 1);
        try
        {
            return HasPeriodicEnd(window, borders);
        }
        finally
        {
            ArrayPool<int>.Shared.Return(borders);
        }
    }

    // The failure function of Knuth, Morris and Pratt over the text read backwards: the first i bytes have the period i - borders[i].
    private static bool HasPeriodicEnd(ReadOnlySpan<byte> text, int[] borders)
    {
        int last = text.Length - 1;
        borders[0] = -1;
        for (int i = 0, border = -1; i < text.Length;)
        {
            while (border >= 0 && text[last - i] != text[last - border]) border = borders[border];
            borders[++i] = ++border;
            if (i >= FewestBytes && i >= FewestRepeats * (i - border)) return true;
        }
        return false;
    }
}
