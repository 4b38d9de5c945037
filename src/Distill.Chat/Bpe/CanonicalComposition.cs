using System.Collections;
using System.Globalization;
using System.Text;

namespace Distill.Chat;

/// <summary>
/// Unicode Normalization Form C (Unicode Standard Annex 15). .NET's own <see cref="string.Normalize()"/> does nothing
/// in invariant-globalization mode, which is how this program runs.
/// </summary>
internal static partial class CanonicalComposition
{
    // Hangul syllables, Unicode Standard 3.12.
    private const int SyllableBase = 0xAC00, LeadBase = 0x1100, VowelBase = 0x1161, TrailBase = 0x11A7;
    private const int LeadCount = 19, VowelCount = 21, TrailCount = 28, SyllableCount = LeadCount * VowelCount * TrailCount;

    private static readonly Dictionary<int, (int First, int Second)> Decomposed = [];
    private static readonly Dictionary<(int First, int Second), int> Composed = [];
    private static readonly Dictionary<int, byte> Classes = [];

    // Code points that are never touched whatever stands beside them are not in here.
    private static readonly BitArray MayChange = new(0x110000);

    static CanonicalComposition()
    {
        foreach (string entry in Entries(CombiningClasses))
        {
            int colon = entry.IndexOf(':'), dash = entry.IndexOf('-');
            int first = Hex(entry[..(dash < 0 ? colon : dash)]), last = dash < 0 ? first : Hex(entry[(dash + 1)..colon]);
            for (int codePoint = first; codePoint <= last; codePoint++)
            {
                Classes[codePoint] = byte.Parse(entry.AsSpan(colon + 1));
                MayChange[codePoint] = true;
            }
        }
        foreach (string entry in Entries(Decompositions))
        {
            int sign = entry.IndexOfAny(['=', '>']), plus = entry.IndexOf('+');
            int codePoint = Hex(entry[..sign]), first = Hex(entry[(sign + 1)..(plus < 0 ? entry.Length : plus)]);
            int second = plus < 0 ? 0 : Hex(entry[(plus + 1)..]);
            Decomposed[codePoint] = (first, second);
            if (entry[sign] == '=') (Composed[(first, second)], MayChange[second]) = (codePoint, true);
            else MayChange[codePoint] = true;
        }
        for (int vowel = VowelBase; vowel < VowelBase + VowelCount; vowel++) MayChange[vowel] = true;
        for (int trail = TrailBase + 1; trail < TrailBase + TrailCount; trail++) MayChange[trail] = true;
    }

    /// <summary>The text in Normalization Form C; the same instance when it already is.</summary>
    /// <param name="text">Text without half surrogate pairs.</param>
    public static string Compose(string text)
    {
        if (IsComposed(text)) return text;
        var codePoints = new List<int>(text.Length);
        foreach (Rune rune in text.EnumerateRunes()) Decompose(rune.Value, codePoints);
        Reorder(codePoints);
        ComposePairs(codePoints);
        var composed = new StringBuilder(text.Length);
        foreach (int codePoint in codePoints) composed.Append(new Rune(codePoint).ToString());
        return composed.ToString();
    }

    private static bool IsComposed(string text)
    {
        int at = text.AsSpan().IndexOfAnyExceptInRange('\0', '\u02FF');
        while (at >= 0 && at < text.Length)
        {
            int codePoint = char.ConvertToUtf32(text, at);
            if (MayChange[codePoint]) return false;
            at += codePoint > char.MaxValue ? 2 : 1;
        }
        return true;
    }

    private static void Decompose(int codePoint, List<int> result)
    {
        int syllable = codePoint - SyllableBase;
        if ((uint)syllable < SyllableCount)
        {
            result.Add(LeadBase + syllable / (VowelCount * TrailCount));
            result.Add(VowelBase + syllable % (VowelCount * TrailCount) / TrailCount);
            if (syllable % TrailCount != 0) result.Add(TrailBase + syllable % TrailCount);
        }
        else if (Decomposed.TryGetValue(codePoint, out (int First, int Second) parts))
        {
            Decompose(parts.First, result);
            if (parts.Second != 0) Decompose(parts.Second, result);
        }
        else
        {
            result.Add(codePoint);
        }
    }

    // Marks in a row go by combining class; the sort is stable and leaves starters (class 0) where they are.
    private static void Reorder(List<int> codePoints)
    {
        for (int i = 0; i < codePoints.Count;)
        {
            int end = i;
            while (end < codePoints.Count && ClassOf(codePoints[end]) != 0) end++;
            if (end - i > 1)
            {
                int[] ordered = [.. codePoints[i..end].OrderBy(ClassOf)];
                for (int j = 0; j < ordered.Length; j++) codePoints[i + j] = ordered[j];
            }
            i = Math.Max(end, i + 1);
        }
    }

    private static void ComposePairs(List<int> codePoints)
    {
        int starter = -1, count = 0;
        byte lastClass = 0;
        for (int i = 0; i < codePoints.Count; i++)
        {
            int codePoint = codePoints[i];
            byte own = ClassOf(codePoint);
            bool adjacent = starter == count - 1;
            bool blocked = !adjacent && (lastClass == 0 || lastClass >= own);
            if (starter >= 0 && !blocked && Pair(codePoints[starter], codePoint) is int composed)
            {
                codePoints[starter] = composed;
                continue;
            }
            if (own == 0) starter = count;
            lastClass = own;
            codePoints[count++] = codePoint;
        }
        codePoints.RemoveRange(count, codePoints.Count - count);
    }

    private static int? Pair(int first, int second)
    {
        if ((uint)(first - LeadBase) < LeadCount && (uint)(second - VowelBase) < VowelCount)
        {
            return SyllableBase + ((first - LeadBase) * VowelCount + second - VowelBase) * TrailCount;
        }
        if ((uint)(first - SyllableBase) < SyllableCount && (first - SyllableBase) % TrailCount == 0 && second > TrailBase && second < TrailBase + TrailCount)
        {
            return first + second - TrailBase;
        }
        return Composed.TryGetValue((first, second), out int composed) ? composed : null;
    }

    private static byte ClassOf(int codePoint) => Classes.GetValueOrDefault(codePoint);

    private static string[] Entries(string table) => table.Split([' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries);

    private static int Hex(string digits) => int.Parse(digits, NumberStyles.HexNumber);
}
