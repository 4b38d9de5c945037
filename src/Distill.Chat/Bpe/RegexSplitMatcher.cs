using System.Diagnostics;
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
    // A hostile pattern may take exponential time for one match, or quadratic time over all of them.
    private static readonly TimeSpan MatchLimit = TimeSpan.FromSeconds(0.5), TextLimit = TimeSpan.FromSeconds(1), CharacterLimit = TimeSpan.FromMicroseconds(2);

    private const int Attempts = 3;

    // Constructs that the original dialect (Oniguruma, Ruby's syntax) reads differently from .NET.
    private static readonly string[] OtherMeaning = ["&&", @"\h", @"\H", @"\K", @"\G", @"\R", @"\X", @"\w", @"\W", @"\b", @"\B", "(?~", "[[:", "(?m"];

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
        if (pattern.Length > 10_000 || pattern.Any(char.IsSurrogate) || Array.Exists(OtherMeaning, pattern.Contains) || HasLineAnchor(pattern)) throw Unsupported(null);
        try
        {
            // Not NonBacktracking: .NET 10 finds no `!` in "a!=b" with \s?\p{P}+ then.
            _regex = new Regex(pattern, RegexOptions.CultureInvariant, MatchLimit);
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

    // A process that stood still in the middle of a match has not met a hostile pattern: that one is as slow every time.
    private List<TextPiece> Matches(ReadOnlySpan<char> text)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return MatchesWithinLimits(text);
            }
            catch (InputException) when (attempt < Attempts) { }
        }
    }

    private List<TextPiece> MatchesWithinLimits(ReadOnlySpan<char> text)
    {
        var found = new List<TextPiece>();
        long started = Stopwatch.GetTimestamp();
        TimeSpan limit = TextLimit + text.Length * CharacterLimit;
        try
        {
            foreach (ValueMatch match in _regex.EnumerateMatches(text))
            {
                if (match.Length > 0) found.Add(new TextPiece(match.Index, match.Index + match.Length));
                if (Stopwatch.GetElapsedTime(started) > limit) throw TooSlow(limit, null);
            }
        }
        catch (RegexMatchTimeoutException e)
        {
            throw TooSlow(MatchLimit, e);
        }
        return found;
    }

    // In Ruby's syntax ^ and $ stand at every line.
    private static bool HasLineAnchor(string pattern)
    {
        bool inClass = false;
        for (int i = 0; i < pattern.Length; i++)
        {
            if (pattern[i] == '\\') i++;
            else if (inClass) inClass = pattern[i] != ']';
            else if (pattern[i] is '^' or '$') return true;
            else inClass = pattern[i] == '[';
        }
        return false;
    }

    private InputException TooSlow(TimeSpan limit, Exception? inner) =>
        new($"tokenizer: the split pattern `{_pattern}` runs longer than {limit.TotalSeconds:0.0} s", "use the tokenizer of a known model family", inner: inner);

    private InputException Unsupported(Exception? inner) =>
        new($"tokenizer: the split pattern `{_pattern}` is not supported", "use the tokenizer of a known model family", inner: inner);
}
