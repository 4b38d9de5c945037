using System.Text;

namespace Distill.Curation.Text;

/// <summary>
/// Takes a text apart into words, so that spacing, case, punctuation and the way in which a formula is set make no difference.
/// An operator belongs to the word behind it; a Chinese, Japanese or Korean character is a word.
/// </summary>
internal ref struct WordScanner
{
    private const string Operators = "+-*/=<>^%";

    // Commands that only set the type of what follows.
    private static readonly HashSet<string> Silent = new(StringComparer.Ordinal)
    {
        "left", "right", "text", "textbf", "textit", "mathrm", "mathbf", "mathit", "operatorname", "displaystyle", "quad", "qquad", "big", "bigg", "begin", "end", "limits",
    };

    private readonly ReadOnlySpan<char> _text;
    private readonly StringBuilder _key;
    private readonly List<Word> _words;
    private readonly List<int> _keyEnds;
    private int _next, _operators;

    private WordScanner(ReadOnlySpan<char> text, StringBuilder key, List<Word> words, List<int> keyEnds)
    {
        _text = text;
        (_key, _words, _keyEnds) = (key, words, keyEnds);
    }

    /// <summary>Scans a whole text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="key">Receives the characters of all words, without anything between them.</param>
    /// <param name="words">Receives the words.</param>
    /// <param name="keyEnds">Receives where each word ends in the key.</param>
    public static void Scan(ReadOnlySpan<char> text, StringBuilder key, List<Word> words, List<int> keyEnds)
    {
        var scanner = new WordScanner(text, key, words, keyEnds);
        while (scanner._next < text.Length) scanner.Step();
        scanner.Forget();
    }

    private void Step()
    {
        char c = _text[_next];
        if (c == '\\') Command();
        else if (char.IsDigit(c)) Add(_next, EndOfNumber(), isNumber: true);
        else if (IsIdeograph(c)) Add(_next, _next + 1, isNumber: false);
        else if (char.IsLetter(c)) Add(_next, EndOfLetters(_next), isNumber: false);
        else if (Operators.Contains(c)) Operator(c);
        else
        {
            if (c == '?') Forget();
            _next++;
        }
    }

    // An operator with nothing behind it, as in "2+3 = ?", says nothing.
    private void Forget()
    {
        _key.Length -= _operators;
        _operators = 0;
    }

    private void Command()
    {
        int end = EndOfLetters(_next + 1);
        string name = _text[(_next + 1)..end].ToString().ToLowerInvariant();
        switch (name)
        {
            case "": _next++; return;
            case "times" or "cdot": Note('*'); break;
            case "div": Note('/'); break;
            case "le" or "leq" or "lt": Note('<'); break;
            case "ge" or "geq" or "gt": Note('>'); break;
            case "dfrac" or "tfrac" or "cfrac": Add(_next + 2, end, isNumber: false); return;
            default:
                if (Silent.Contains(name)) break;
                Add(_next + 1, end, isNumber: false);
                return;
        }
        _next = end;
    }

    private void Operator(char c)
    {
        char before = At(_next - 1), after = At(_next + 1);
        bool joins = c is '-' or '/' && char.IsLetter(before) && char.IsLetter(after) && (char.IsLetter(At(_next - 2)) || char.IsLetter(At(_next + 2)));
        bool bullet = c is '-' or '*' or '+' && char.IsWhiteSpace(after) && (_next == 0 || before is '\n' or '\r');
        bool bold = c == '*' && (before == '*' || after == '*');
        if (!joins && !bullet && !bold) Note(c);
        _next++;
    }

    private void Note(char c)
    {
        _key.Append(c);
        _operators++;
    }

    private void Add(int start, int end, bool isNumber)
    {
        int keyStart = _key.Length - _operators;
        foreach (char c in _text[start..end])
            if (c != ',') _key.Append(char.ToLowerInvariant(c)); // 1,234 is 1234
        Span<char> characters = stackalloc char[64];
        int length = _key.Length - keyStart;
        if (length > characters.Length) characters = new char[length];
        _key.CopyTo(keyStart, characters, length);
        _words.Add(new Word(StableHash.Of(characters[..length]), start, end, isNumber || _operators > 0));
        _keyEnds.Add(_key.Length);
        (_next, _operators) = (end, 0);
    }

    private readonly int EndOfLetters(int start)
    {
        int end = start;
        while (end < _text.Length && char.IsLetter(_text[end]) && !IsIdeograph(_text[end])) end++;
        return end;
    }

    // 1,234.50 is one number; in "1,2,3" and "in 2,500th" the comma must stand before three digits and no more.
    private readonly int EndOfNumber()
    {
        int end = _next;
        while (end < _text.Length)
        {
            if (char.IsDigit(_text[end])) end++;
            else if (_text[end] == '.' && char.IsDigit(At(end + 1))) end++;
            else if (_text[end] == ',' && char.IsDigit(At(end + 1)) && char.IsDigit(At(end + 2)) && char.IsDigit(At(end + 3)) && !char.IsDigit(At(end + 4))) end++;
            else break;
        }
        return end;
    }

    private readonly char At(int index) => (uint)index < (uint)_text.Length ? _text[index] : '\0';

    private static bool IsIdeograph(char c) => c is >= '\u2E80' and <= '\uD7FF' or >= '\uF900' and <= '\uFAFF' && char.IsLetter(c);
}
