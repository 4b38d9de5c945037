using Distill.Verification.Latex;

namespace Distill.Verification.Mathematics;

/// <summary>
/// Points at which expressions in variables are compared: rational numbers of both signs, small ones and, early on, two large ones, at which
/// |x + 2| is not x + 2. They depend on
/// nothing but the names of the variables, so a check gives the same verdict everywhere.
/// </summary>
internal sealed class SamplePoints(SymbolUse symbols, bool factor)
{
    public const int Count = 10;

    /// <summary>Points at which both sides must have values that agree.</summary>
    public const int Needed = 5;

    private const int LargeNumerator = 6007;

    /// <summary>Which points are positive; their order finds most differences early.</summary>
    private static readonly bool[] Positive = [true, true, false, true, true, false, true, false, true, false];

    public static IReadOnlyDictionary<string, BigRational> None { get; } = new Dictionary<string, BigRational>();

    public IEnumerable<IReadOnlyDictionary<string, BigRational>> All(Node? logarithmBase)
    {
        string[] variables = [.. symbols.Variables];
        ulong state = 0x9E3779B97F4A7C15;
        foreach (string name in variables)
            foreach (char c in name) state = (state ^ c) * 0x100000001B3;
        for (int i = 0; i < Count; i++)
        {
            var point = new Dictionary<string, BigRational>();
            foreach (string name in variables)
            {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                int random = (int)(state >> 40);
                BigRational value = symbols.Whole.Contains(name) ? 2 + i + random % 3
                    : new BigRational(random % 97 + 40 * (i % 3) + (i is 2 or 3 ? LargeNumerator : 11), 53 + random / 97 % 29);
                point[name] = !Positive[i] && !symbols.Whole.Contains(name) && (variables.Length == 1 || (random >> 16) % 2 == 0) ? -value : value;
            }
            if (logarithmBase is NumberNode number) point["logbase"] = number.Value;
            yield return point;
            if (variables.Length == 0 && !factor) yield break;
        }
    }
}
