using System.Collections.Frozen;
using System.Numerics;
using Distill.Verification.Mathematics;

namespace Distill.Verification.Latex;

/// <summary>English numerals: five, twenty-one, one hundred and two, 1.5 million, one half, a dozen.</summary>
internal static class NumberWords
{
    private static readonly FrozenDictionary<string, int> Small = new Dictionary<string, int>
    {
        ["zero"] = 0, ["one"] = 1, ["two"] = 2, ["three"] = 3, ["four"] = 4, ["five"] = 5, ["six"] = 6, ["seven"] = 7, ["eight"] = 8, ["nine"] = 9, ["ten"] = 10,
        ["eleven"] = 11, ["twelve"] = 12, ["thirteen"] = 13, ["fourteen"] = 14, ["fifteen"] = 15, ["sixteen"] = 16, ["seventeen"] = 17, ["eighteen"] = 18, ["nineteen"] = 19,
        ["twenty"] = 20, ["thirty"] = 30, ["forty"] = 40, ["fourty"] = 40, ["fifty"] = 50, ["sixty"] = 60, ["seventy"] = 70, ["eighty"] = 80, ["ninety"] = 90,
    }.ToFrozenDictionary();

    private static readonly FrozenDictionary<string, int> PowersOfTen = new Dictionary<string, int>
    {
        ["hundred"] = 2, ["thousand"] = 3, ["million"] = 6, ["millions"] = 6, ["billion"] = 9, ["trillion"] = 12, ["quadrillion"] = 15, ["quintillion"] = 18, ["lakh"] = 5, ["crore"] = 7,
    }.ToFrozenDictionary();

    private static readonly FrozenDictionary<string, int> Parts = new Dictionary<string, int>
    {
        ["half"] = 2, ["halves"] = 2, ["third"] = 3, ["thirds"] = 3, ["quarter"] = 4, ["quarters"] = 4, ["fourth"] = 4, ["fourths"] = 4, ["fifth"] = 5, ["fifths"] = 5, ["sixth"] = 6, ["sixths"] = 6,
        ["seventh"] = 7, ["sevenths"] = 7, ["eighth"] = 8, ["eighths"] = 8, ["ninth"] = 9, ["ninths"] = 9, ["tenth"] = 10, ["tenths"] = 10, ["twelfth"] = 12, ["twelfths"] = 12,
    }.ToFrozenDictionary();

    /// <summary>Whether the word can be part of a numeral.</summary>
    public static bool IsOne(string word) => Small.ContainsKey(word) || PowersOfTen.ContainsKey(word) || word == "dozen";

    /// <summary>Whether the word stands behind "a" in a numeral: a quarter, a million.</summary>
    public static bool IsPart(string word) => Parts.ContainsKey(word) || PowersOfTen.ContainsKey(word) || word == "dozen";

    /// <summary>The factor of "million" and its like after a numeral, or null.</summary>
    public static BigInteger? Factor(string word) => PowersOfTen.TryGetValue(word, out int power) ? BigInteger.Pow(10, power) : word is "dozen" or "dozens" ? 12 : null;

    /// <summary>Reads the numeral at the beginning of a run of words; says how many words it took, 0 when it is none.</summary>
    public static (BigRational Value, int Words) Read(ReadOnlySpan<string> words)
    {
        if (words is ["half", ..]) return (BigRational.Half, 1);
        BigInteger total = 0, group = 0;
        int used = 0, lastUnit = 0;
        for (int i = 0; i < words.Length; i++)
        {
            if (Small.TryGetValue(words[i], out int small))
            {
                if (used > 0 && lastUnit != 0 && !(lastUnit >= 20 && small < 10)) break; // "two three" is no numeral
                group += small;
                lastUnit = small;
            }
            else if (Factor(words[i]) is { } factor)
            {
                if (used == 0 && !(i > 0 && words[i - 1] is "a")) break;
                if (group.IsZero) group = 1;
                if (factor == 100 || factor == 12) group *= factor;
                else (total, group) = (total + group * factor, 0);
                lastUnit = 0;
            }
            else if (words[i] is "and" && used > 0 && lastUnit == 0 && !(i + 2 < words.Length && Parts.ContainsKey(words[i + 2])) && i + 1 < words.Length && Small.ContainsKey(words[i + 1])) continue;
            else if (words[i] is "and" && used > 0 && i + 2 < words.Length && Parts.TryGetValue(words[i + 2], out int fraction) && (words[i + 1] is "a" ? 1 : Small.GetValueOrDefault(words[i + 1])) is > 0 and int parts)
                return (total + group + new BigRational(parts, fraction), i + 3); // one and a half
            else if (words[i] is "a" && used == 0 && i + 1 < words.Length && (Factor(words[i + 1]) is not null || Parts.ContainsKey(words[i + 1])))
            {
                (group, used) = (1, i + 1);
                continue;
            }
            else if (used > 0 && Parts.TryGetValue(words[i], out int part)) return (new BigRational(total + group, part), i + 1);
            else break;
            used = i + 1;
        }
        return used == 0 || words is ["a", ..] && used == 1 ? (default, 0) : (total + group, used);
    }
}
