using System.Globalization;

namespace Distill.Verification.Code;

/// <summary>Compares a program's output with the expected one.</summary>
internal static class OutputText
{
    private const double Tolerance = 1e-6;
    private static readonly char[] LineEnd = ['\n'];

    /// <summary>Whether the output counts as the expected one. Both must have the same number of lines or words: a correct beginning is not enough.</summary>
    public static bool Matches(string output, string expected, OutputComparison comparison) => comparison switch
    {
        OutputComparison.Exact => output == expected,
        OutputComparison.Tokens => Words(output).SequenceEqual(Words(expected)),
        OutputComparison.ApproximateTokens => AllEqual(Words(output), Words(expected), AreClose),
        OutputComparison.UnorderedLines => Lines(output).Order(StringComparer.Ordinal).SequenceEqual(Lines(expected).Order(StringComparer.Ordinal)),
        _ => AllEqual(Lines(output), Lines(expected), (line, other) => line == other || AllEqual(Words(line), Words(other), AreSameNumber)),
    };

    private static string[] Lines(string text) => [.. text.TrimEnd().Split(LineEnd).Select(line => line.Trim())];

    private static string[] Words(string text) => text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

    private static bool AllEqual(string[] left, string[] right, Func<string, string, bool> equal)
    {
        if (left.Length != right.Length) return false;
        for (int i = 0; i < left.Length; i++)
            if (!equal(left[i], right[i])) return false;
        return true;
    }

    private static bool AreSameNumber(string left, string right) =>
        left == right || (DecimalWord.TryParse(left) is { } a && DecimalWord.TryParse(right) is { } b && a == b);

    private static bool AreClose(string left, string right)
    {
        if (AreSameNumber(left, right)) return true;
        if (!double.TryParse(left, CultureInfo.InvariantCulture, out double a) || !double.TryParse(right, CultureInfo.InvariantCulture, out double b)) return false;
        return Math.Abs(a - b) <= Tolerance * Math.Max(1, Math.Abs(b));
    }
}
