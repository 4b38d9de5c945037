using Distill.Verification.Latex;

namespace Distill.Verification.Extraction;

/// <summary>
/// Finds the last box of a text in one pass. Boxes that only separators part are joined into a list; an empty or unclosed last box is an
/// empty answer: nothing before it counts.
/// </summary>
internal static class BoxScan
{
    private const int MostJoined = 16, LongestSeparator = 64;

    private static readonly string[] Names = ["boxed", "fbox", "framebox"];

    /// <summary>Content of the last box, or of the last ones that only separators part, with where they begin and end; null when there is none.</summary>
    public static (string Text, int Start, int End)? Last(string text, bool allowUnclosed)
    {
        var boxes = new List<(int Start, int End, string Content)>();
        (int Box, int Content) open = (-1, -1);
        int depth = 0;
        for (int i = 0; i < text.Length; i++)
        {
            // Outside a box only a backslash matters.
            if (open.Box < 0 && text[i] != '\\')
            {
                int next = text.IndexOf('\\', i);
                if (next < 0) break;
                i = next;
            }
            char c = text[i];
            if (c == '\\')
            {
                if (ContentAt(text, i) is not { } start)
                {
                    i++; // an escaped brace is a character
                    continue;
                }
                if (text[start] == '{') (open, depth, i) = ((i, start + 1), 1, start);
                else
                {
                    int end = TokenEnd(text, start);
                    Add(boxes, (i, end, text[start..end]));
                    open = (-1, -1);
                    i = end - 1;
                }
            }
            else if (c == '{') depth++;
            else if (c == '}' && --depth == 0)
            {
                Add(boxes, (open.Box, i + 1, text[open.Content..i].Trim()));
                open = (-1, -1);
            }
        }
        if (open.Box >= 0) return allowUnclosed ? (text[open.Content..].Trim(), open.Box, text.Length) : ("", open.Box, text.Length);
        if (boxes.Count == 0) return null;
        (string joined, int first) = Joined(text, boxes);
        return (joined, first, boxes[^1].End);
    }

    private static void Add(List<(int, int, string)> boxes, (int, int, string) box)
    {
        if (boxes.Count == MostJoined) boxes.RemoveAt(0);
        boxes.Add(box);
    }

    // Where the content of the box command at this backslash begins, or null when it is another command.
    private static int? ContentAt(string text, int at)
    {
        int name = at + 1;
        if (name < text.Length && text[name] == '\\') name++; // doubled on the way through JSON
        if (name >= text.Length || text[name] is not ('b' or 'f')) return null;
        foreach (string box in Names)
        {
            if (string.CompareOrdinal(text, name, box, 0, box.Length) != 0) continue;
            int start = name + box.Length;
            while (start < text.Length && text[start] is ' ' or '\n' or '\t') start++;
            return start < text.Length && (text[start] == '{' || text[start] is '-' or '.' && start + 1 < text.Length && char.IsAsciiDigit(text[start + 1]) || char.IsAsciiDigit(text[start])) ? start : null;
        }
        return null;
    }

    private static int TokenEnd(string text, int start)
    {
        int end = start + 1;
        while (end < text.Length && (char.IsAsciiDigit(text[end]) || text[end] is '.' or ',' or '/' && end + 1 < text.Length && char.IsAsciiDigit(text[end + 1]))) end++;
        while (end > start + 1 && text[end - 1] is '.' or ',') end--;
        return end;
    }

    private static (string Text, int Start) Joined(string text, List<(int Start, int End, string Content)> boxes)
    {
        (string joined, int first) = (boxes[^1].Content, boxes[^1].Start);
        for (int i = boxes.Count - 2; i >= 0; i--)
        {
            ReadOnlySpan<char> between = text.AsSpan(boxes[i].End, Math.Max(0, boxes[i + 1].Start - boxes[i].End));
            string? separator = Separator(between) ?? (between.Length <= LongestSeparator && Retraction.IsDoubtful(between) ? " or " : null); // or maybe
            if (separator is null) break;
            first = boxes[i].Start;
            if (boxes[i].Content == joined) continue;
            joined = boxes[i].Content + separator + joined;
        }
        return (joined, first);
    }

    // What joins two boxes: a comma, "and", "or", with spacing and at most one short label such as y=. Null when there is anything else.
    private static string? Separator(ReadOnlySpan<char> between)
    {
        if (between.Length > LongestSeparator) return null;
        string? separator = null;
        while (between.Length > 0)
        {
            char c = between[0];
            if (c is ' ' or '\n' or '\t' or '$' or '~' or '*' or ')' or '(') between = between[1..];
            else if (c is ',' or '&')
            {
                separator ??= ", ";
                between = between[1..];
            }
            else if (c == ';')
            {
                separator = "; ";
                between = between[1..];
            }
            else if (Connective(WordAt(between)) is { } connective)
            {
                separator = connective == " or " ? connective : separator ?? connective;
                between = between[WordAt(between).Length..];
            }
            else if (c == '\\' && separator is not null && NamedLabel(between) is > 0 and int name) between = between[name..];
            else if (c == '\\') between = between[SpacingLength(between, ref separator)..];
            else if (separator is not null && char.IsAsciiLetter(c) && Label(between) is > 0 and int label) between = between[label..];
            else return null;
            if (separator == "?") return null;
        }
        return separator;
    }

    private static string? Connective(string word) => Vocabulary.Ors.Contains(word) ? " or " : Vocabulary.Ands.Contains(word) ? ", " : null;

    private static string WordAt(ReadOnlySpan<char> text)
    {
        int end = 0;
        while (end < text.Length && char.IsLetter(text[end])) end++;
        return text[..end].ToString();
    }

    // \quad, \, \; \( \) and \text{and}; an unknown command sets the separator to "?".
    private static int SpacingLength(ReadOnlySpan<char> text, ref string? separator)
    {
        if (text.StartsWith("\\text{") && text.IndexOf('}') is > 0 and int close && Connective(text[6..close].Trim().ToString()) is { } connective)
        {
            separator = connective == " or " ? connective : separator ?? connective;
            return close + 1;
        }
        foreach (string word in (ReadOnlySpan<string>)["\\qquad", "\\quad", "\\,", "\\;", "\\:", "\\ ", "\\!", "\\(", "\\)", "\\[", "\\]"])
        {
            if (!text.StartsWith(word)) continue;
            if (word.Contains("quad")) separator ??= ", ";
            return word.Length;
        }
        separator = "?";
        return text.Length;
    }

    // \sigma =
    private static int NamedLabel(ReadOnlySpan<char> text)
    {
        int end = 1;
        while (end < text.Length && end < 12 && char.IsAsciiLetter(text[end])) end++;
        while (end < text.Length && text[end] == ' ') end++;
        return end > 2 && end < text.Length && text[end] == '=' ? end + 1 : 0;
    }

    private static int Label(ReadOnlySpan<char> text)
    {
        int end = 1;
        while (end < text.Length && end < 8 && (char.IsAsciiLetterOrDigit(text[end]) || text[end] is '_' or ' ')) end++;
        return end < text.Length && text[end] is '=' or ':' ? end + 1 : 0;
    }
}
