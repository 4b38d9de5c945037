namespace Distill.Verification.Latex;

/// <summary>The next piece of a text that may hold TeX: a command such as <c>\text</c>, an escaped character such as <c>\$</c>, or a character.</summary>
/// <param name="Command">Name of the command; null for characters.</param>
/// <param name="Character">The character, of an escaped one the one behind the backslash; 0 behind a backslash at the end.</param>
/// <param name="IsEscaped">Whether a backslash stands before the character.</param>
/// <param name="End">Where the next piece begins.</param>
internal readonly record struct TexPiece(string? Command, char Character, bool IsEscaped, int End)
{
    public static TexPiece At(string text, int at)
    {
        if (text[at] != '\\') return new TexPiece(null, text[at], false, at + 1);
        int end = at + 1;
        while (end < text.Length && char.IsAsciiLetter(text[end])) end++;
        if (end > at + 1) return new TexPiece(text[(at + 1)..end], '\0', false, end);
        return new TexPiece(null, end < text.Length ? text[end] : '\0', true, Math.Min(end + 1, text.Length));
    }

    /// <summary>Whether the command changes only how its argument looks.</summary>
    public bool IsLooks => Command is not null && (LatexCommands.TextFaces.Contains(Command) || LatexCommands.MathFaces.Contains(Command) || LatexCommands.Layout.Contains(Command));
}
