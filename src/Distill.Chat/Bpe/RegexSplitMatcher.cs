using System.Globalization;
using System.Text.RegularExpressions;
using Distill.Runs;

namespace Distill.Chat;

/// <summary>
/// Runs a pattern that has no hand-written matcher with .NET's engine. So that a code point outside the basic plane counts
/// as one character of its own Unicode category, a stand-in of the same category takes its place while matching.
/// </summary>
internal sealed class RegexSplitMatcher : SplitMatcher
{
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(2);

    // Constructs that the original dialect (Oniguruma) reads differently from .NET.
    private static readonly string[] OtherMeaning = ["&&", @"\h", @"\H", @"\K", @"\G", @"\R", @"\X", "(?~", "[[:", "(?m"];

    // One rarely used character of the basic plane for each Unicode category, in the order of UnicodeCategory.
    private const string StandIns =
        "\uA640\uA641\u1F88\uA60C\uA840\uA66F\uA823\uA670\uA620\u16EE\uA830\u2000\u2028\u2029\u0080\uFFF9" +
        "\uFFFD\uE000\uFE33\uFE58\u2E28\u2E29\u2E02\u2E03\uA60D\u2A0C\uA838\uA700\uA828\uFFFE";

    private readonly string _pattern;
    private readonly Regex _regex;

    /// <exception cref="InputException">The pattern cannot be run, or not with the meaning it has in the original dialect.</exception>
    public RegexSplitMatcher(string pattern)
    {
        _pattern = pattern;
        if (pattern.Length > 10_000 || pattern.Any(char.IsSurrogate) || Array.Exists(OtherMeaning, pattern.Contains)) throw Unsupported(null);
        try
        {
            _regex = Build(pattern);
        }
        catch (ArgumentException e)
        {
            throw Unsupported(e);
        }
    }

    /// <inheritdoc/>
    public override void AddMatches(ReadOnlySpan<char> text, int offset, List<TextPiece> matches)
    {
        if (!text.ContainsAnyInRange('\uD800', '\uDFFF'))
        {
            foreach (TextPiece match in Matches(text)) matches.Add(new TextPiece(offset + match.Start, offset + match.End));
            return;
        }

        var standIns = new char[text.Length];
        var positions = new int[text.Length + 1];
        int count = 0;
        for (int i = 0; i < text.Length; count++)
        {
            CodePoints.ClassAt(text, i, out int length);
            standIns[count] = length == 1 ? text[i] : StandIns[(int)CharUnicodeInfo.GetUnicodeCategory(char.ConvertToUtf32(text[i], text[i + 1]))];
            positions[count] = i;
            i += length;
        }
        positions[count] = text.Length;
        foreach (TextPiece match in Matches(standIns.AsSpan(0, count)))
        {
            matches.Add(new TextPiece(offset + positions[match.Start], offset + positions[match.End]));
        }
    }

    private List<TextPiece> Matches(ReadOnlySpan<char> text)
    {
        var found = new List<TextPiece>();
        try
        {
            foreach (ValueMatch match in _regex.EnumerateMatches(text))
            {
                if (match.Length > 0) found.Add(new TextPiece(match.Index, match.Index + match.Length));
            }
        }
        catch (RegexMatchTimeoutException e)
        {
            throw new InputException($"tokenizer: the split pattern `{_pattern}` runs longer than {TimeLimit.TotalSeconds} s",
                "use the tokenizer of a known model family", inner: e);
        }
        return found;
    }

    // Linear time where the pattern allows it, a time limit for each match where it does not (look-ahead).
    private static Regex Build(string pattern)
    {
        try
        {
            return new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, TimeLimit);
        }
        catch (NotSupportedException)
        {
            return new Regex(pattern, RegexOptions.CultureInvariant, TimeLimit);
        }
    }

    private InputException Unsupported(Exception? inner) =>
        new($"tokenizer: the split pattern `{_pattern}` is not supported", "use the tokenizer of a known model family", inner: inner);
}
