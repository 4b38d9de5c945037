using static Distill.Chat.CodePointClass;

namespace Distill.Chat;

/// <summary>
/// The patterns of GPT-2, Llama 3, Qwen2 and DeepSeek-V3, alternative by alternative in their order.
/// Each method below returns the end of the match at a position, or that position when nothing matches there.
/// </summary>
/// <param name="matchEnd">The pattern.</param>
/// <param name="nextStart">Where the next match can start, for patterns that leave most text alone; else a code point at a time is tried.</param>
internal sealed class KnownSplitMatcher(KnownSplitMatcher.Position matchEnd, KnownSplitMatcher.Position? nextStart = null) : SplitMatcher
{
    /// <summary>A position at or behind <paramref name="start"/>.</summary>
    internal delegate int Position(ReadOnlySpan<char> text, int start);

    /// <inheritdoc/>
    public override void AddMatches(ReadOnlySpan<char> text, int offset, List<TextPiece> matches)
    {
        int start = 0;
        while (start < text.Length)
        {
            if (nextStart is not null && (start = nextStart(text, start)) == text.Length) break;
            int end = matchEnd(text, start);
            if (end > start)
            {
                matches.Add(new TextPiece(offset + start, offset + end));
                start = end;
            }
            else
            {
                CodePoints.ClassAt(text, start, out int length);
                start += length;
            }
        }
    }

    /// <summary>Qwen2 (one digit) and Llama 3 (three digits).</summary>
    public static int Words(ReadOnlySpan<char> text, int start, int digits)
    {
        int end = Contraction(text, start, ignoreCase: true);
        if (end > start) return end;

        CodePointClass first = CodePoints.ClassAt(text, start, out int length);
        if ((first & Letter) != 0) return CodePoints.SkipRun(text, start + length, Letter);
        if ((first & Number) != 0) return Digits(text, start, digits);
        if ((first & LineBreak) == 0)
        {
            end = CodePoints.SkipRun(text, start + length, Letter);
            if (end > start + length) return end;
        }

        int afterSpace = text[start] == ' ' ? start + 1 : start;
        end = NeitherWordNorSpace(text, afterSpace);
        if (end > afterSpace) return SkipLineBreaks(text, end);
        return Whitespace(text, start, breaksFirst: true);
    }

    /// <summary>The third pattern of DeepSeek-V3.</summary>
    public static int DeepSeekWords(ReadOnlySpan<char> text, int start)
    {
        int end = start + 1;
        if (char.IsAscii(text[start]) && (char.IsPunctuation(text[start]) || char.IsSymbol(text[start])))
        {
            while (end < text.Length && char.IsAsciiLetter(text[end])) end++;
            if (end > start + 1) return end;
        }

        CodePointClass first = CodePoints.ClassAt(text, start, out int length);
        if ((first & (LineBreak | Letter | PunctuationOrSymbol)) == 0)
        {
            end = CodePoints.SkipRun(text, start + length, Letter | Mark);
            if (end > start + length) return end;
        }
        end = CodePoints.SkipRun(text, start, Letter | Mark);
        if (end > start) return end;

        int afterSpace = text[start] == ' ' ? start + 1 : start;
        end = CodePoints.SkipRun(text, afterSpace, PunctuationOrSymbol);
        if (end > afterSpace) return SkipLineBreaks(text, end);
        return Whitespace(text, start, breaksFirst: true);
    }

    /// <summary>GPT-2.</summary>
    public static int Gpt2Words(ReadOnlySpan<char> text, int start)
    {
        int end = Contraction(text, start, ignoreCase: false);
        if (end > start) return end;

        int afterSpace = text[start] == ' ' ? start + 1 : start;
        end = CodePoints.SkipRun(text, afterSpace, Letter);
        if (end > afterSpace) return end;
        end = CodePoints.SkipRun(text, afterSpace, Number);
        if (end > afterSpace) return end;
        end = NeitherWordNorSpace(text, afterSpace);
        if (end > afterSpace) return end;
        return Whitespace(text, start, breaksFirst: false);
    }

    /// <summary><c>\p{N}{1,digits}</c></summary>
    public static int Digits(ReadOnlySpan<char> text, int start, int digits)
    {
        for (int count = 0; count < digits && start < text.Length; count++)
        {
            if ((CodePoints.ClassAt(text, start, out int length) & Number) == 0) break;
            start += length;
        }
        return start;
    }

    /// <summary>Where a number starts.</summary>
    public static int FindNumber(ReadOnlySpan<char> text, int start) => CodePoints.Find(text, start, Number);

    /// <summary>Where Han or kana may start.</summary>
    public static int FindIdeograph(ReadOnlySpan<char> text, int start)
    {
        int distance = text[start..].IndexOfAnyInRange('\u3040', '\u9fa5');
        return distance < 0 ? text.Length : start + distance;
    }

    /// <summary><c>[一-龥぀-ゟ゠-ヿ]+</c></summary>
    public static int Ideographs(ReadOnlySpan<char> text, int start)
    {
        while (start < text.Length && text[start] is (>= '\u4e00' and <= '\u9fa5') or (>= '\u3040' and <= '\u30ff')) start++;
        return start;
    }

    // 's|'t|'re|'ve|'m|'ll|'d
    private static int Contraction(ReadOnlySpan<char> text, int start, bool ignoreCase)
    {
        if (text[start] != '\'' || start + 1 >= text.Length) return start;
        char first = Fold(text[start + 1], ignoreCase);
        if (first is 's' or 't' or 'm' or 'd') return start + 2;
        if (start + 2 >= text.Length) return start;
        return (first, Fold(text[start + 2], ignoreCase)) is ('r', 'e') or ('v', 'e') or ('l', 'l') ? start + 3 : start;
    }

    // The long s (U+017F) folds to s in Unicode; none of the other letters above has a relative outside ASCII.
    private static char Fold(char letter, bool ignoreCase) =>
        !ignoreCase ? letter : letter == '\u017F' ? 's' : char.IsAsciiLetterUpper(letter) ? (char)(letter | 0x20) : letter;

    // [^\s\p{L}\p{N}]+
    private static int NeitherWordNorSpace(ReadOnlySpan<char> text, int start)
    {
        while (start < text.Length && (CodePoints.ClassAt(text, start, out int length) & (Letter | Number | Space)) == 0) start += length;
        return start;
    }

    // [\r\n]*
    private static int SkipLineBreaks(ReadOnlySpan<char> text, int start)
    {
        while (start < text.Length && text[start] is '\r' or '\n') start++;
        return start;
    }

    // \s*[\r\n]+|\s+(?!\S)|\s+
    private static int Whitespace(ReadOnlySpan<char> text, int start, bool breaksFirst)
    {
        int end = start, afterBreak = start;
        while (end < text.Length && char.IsWhiteSpace(text[end]))
        {
            if (text[end++] is '\r' or '\n') afterBreak = end;
        }
        if (breaksFirst && afterBreak > start) return afterBreak;
        return end < text.Length && end > start + 1 ? end - 1 : end;
    }
}
