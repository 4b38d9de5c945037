using System.Buffers;
using System.Collections.Frozen;
using System.Text;
using Distill.Verification.Latex;

namespace Distill.Verification.Answers;

/// <summary>Answers in words: case, spacing, articles and a final period do not count; some phrases mean the same.</summary>
internal static class TextAnswers
{
    private static readonly SearchValues<char> Formal = SearchValues.Create("\\^_{}=<>");

    private const int LongestList = 400;

    private static readonly SearchValues<char> FormulaMarks = SearchValues.Create("\\^_");

    private static readonly FrozenDictionary<string, string> Classes = Build();

    /// <summary>Whether two texts say the same.</summary>
    public static bool AreEqual(string a, string b)
    {
        string gold = Normalize(a), given = Normalize(b);
        if (gold.Length == 0) return false;
        if (gold.AsSpan().ContainsAny(FormulaMarks) || given.AsSpan().ContainsAny(FormulaMarks)) return Spelling(a) == Spelling(b);
        if (gold == given || ClassOf(gold) is { } same && same == ClassOf(given)) return true;
        // "No, it is not possible."
        string? verdict = ClassOf(gold);
        if (verdict is "yes" or "no") return given.IndexOf(',') is > 0 and int comma && ClassOf(given[..comma]) == verdict;
        return gold.Length <= LongestList && given.Length <= LongestList && Listed(gold) is { Count: > 1 } items && items.SetEquals(Listed(given));
    }

    /// <summary>A formula that was not understood, without what changes only its looks: braces keep their meaning, letters their case.</summary>
    private static string Spelling(string text)
    {
        var spelling = new StringBuilder(text.Length);
        var dropped = new Stack<bool>();
        bool afterLooks = false;
        for (int i = 0; i < text.Length;)
        {
            TexPiece piece = TexPiece.At(text, i);
            i = piece.End;
            char c = piece.Character;
            bool argument = afterLooks;
            if (char.IsWhiteSpace(c)) continue;
            afterLooks = piece.IsLooks;
            if (piece.Command is { } command)
            {
                if (!piece.IsLooks) spelling.Append('\\').Append(LatexCommands.Fractions.Contains(command) ? "frac" : command);
            }
            else if (piece.IsEscaped) spelling.Append(c is ',' or ';' or ':' or '!' or '(' or ')' or '[' or ']' or '\0' ? "" : "\\" + c);
            else if (c == '{') dropped.Push(argument || i + 1 < text.Length && text[i] is not ('{' or '}' or '\\') && text[i + 1] == '}');
            else if (c is not ('}' or '$' or '~' or '*')) spelling.Append(c);
            if (c is '{' && !piece.IsEscaped && !dropped.Peek() || c is '}' && !piece.IsEscaped && !(dropped.TryPop(out bool looks) && looks)) spelling.Append(c);
        }
        return spelling.ToString().Trim('.', ',');
    }

    // "Alice and Bob", "Bob, Alice"
    private static HashSet<string> Listed(string normalized) =>
        [.. normalized.Replace(" and ", ",", StringComparison.Ordinal).Replace(" & ", ",", StringComparison.Ordinal).Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];

    /// <summary>Whether the text is words rather than a formula that was not understood.</summary>
    public static bool IsWordy(string text) => text.Length > 0 && !text.AsSpan().ContainsAny(Formal) && text.Count(char.IsLetter) * 3 > text.Length * 2;

    /// <summary>The set that a phrase stands for: ∅ for "no solution", ℝ for "all real numbers"; else null.</summary>
    public static Node? Meaning(string text) => ClassOf(Normalize(text)) switch
    {
        "none" => new SequenceNode(Bracket.Curly, Bracket.Curly, []),
        "reals" => new NumberSetNode("R"),
        "infinite" => SymbolNode.Infinity,
        _ => Exception(text),
    };

    // "all real numbers except 2", "all reals except x = ±1"
    private static SetOperationNode? Exception(string text)
    {
        int at = text.IndexOf(" except ", StringComparison.OrdinalIgnoreCase);
        if (at < 0 || text.Length > LongestList || ClassOf(Normalize(text[..at])) != "reals") return null;
        string left = text[(at + " except ".Length)..].Trim();
        if (left.StartsWith("for ", StringComparison.OrdinalIgnoreCase)) left = left[4..];
        return Parser.Parse(left) is not { } value ? null : new SetOperationNode("\\", new NumberSetNode("R"), Values(Simplification.Of(value)));
    }

    private static Node Values(Node value) => value switch
    {
        RelationNode { IsEquation: true, Operands: [_, { } right] } => Values(Simplification.Of(right)),
        SequenceNode { IsList: true } list => new SequenceNode(Bracket.Curly, Bracket.Curly, [.. list.Items.Select(item => item is RelationNode { IsEquation: true } equation ? equation.Operands[1] : item)]),
        _ => new SequenceNode(Bracket.Curly, Bracket.Curly, [value]),
    };

    private static string? ClassOf(string normalized) => normalized.StartsWith("no such ", StringComparison.Ordinal) && normalized.Length < 40 ? "none" : Classes.GetValueOrDefault(normalized) ?? Classes.GetValueOrDefault(normalized.StartsWith("there are ", StringComparison.Ordinal) ? normalized["there are ".Length..] : normalized.StartsWith("there is ", StringComparison.Ordinal) ? normalized["there is ".Length..] : "");

    /// <summary>The text without layout, wrappers, case, articles and punctuation around it.</summary>
    public static string Normalize(string text)
    {
        var normal = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length;)
        {
            TexPiece piece = TexPiece.At(text, i);
            char c = piece.Character;
            if (piece.Command is { } command)
            {
                if (!piece.IsLooks) normal.Append('\\').Append(LatexCommands.Fractions.Contains(command) ? "frac" : command);
                else if (command is "quad" or "qquad") normal.Append(' ');
            }
            else if (piece.IsEscaped) normal.Append(c is ',' or ';' or ':' or '!' or ' ' or '(' or ')' or '[' or ']' ? " " : c == '\0' ? "" : c.ToString());
            else if (c is '$' or '{' or '}' or '*' or '`' or '"' or '“' or '”' or '~') normal.Append(c == '~' ? " " : "");
            else if (char.IsWhiteSpace(c) || c == '-' && i > 0 && i + 1 < text.Length && char.IsLetter(text[i - 1]) && char.IsLetter(text[i + 1])) normal.Append(' ');
            else normal.Append(c is '’' ? '\'' : char.ToLowerInvariant(c));
            i = piece.End;
        }
        string[] words = normal.ToString().Trim(' ', '.', ',', ';', ':', '!', '\'').Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return string.Join(' ', words.Where(word => words.Length == 1 || word is not ("the" or "a" or "an")).Select(Cardinal));
    }

    // May 5th is May 5.
    private static string Cardinal(string word) =>
        word.Length > 2 && word[^2..] is "st" or "nd" or "rd" or "th" && char.IsAsciiDigit(word[^3]) && char.IsAsciiDigit(word[0]) ? word[..^2] : word;

    private static FrozenDictionary<string, string> Build()
    {
        var classes = new Dictionary<string, string>();
        void Add(string name, params ReadOnlySpan<string> phrases)
        {
            foreach (string phrase in phrases) classes[phrase] = name;
        }

        Add("none", "no solution", "no solutions", "no real solution", "no real solutions", "no real roots", "none", "empty set", "no such number", "no such numbers", "no such value", "there is no solution", "there are no solutions", "no solution exists", "no solutions exist",
            "dne", "does not exist", "limit does not exist", "undefined", "it does not exist", "doesn't exist", "no values", "no value", "no integer solutions", "no integer solution", "no such x", "not exist", "nonexistent", "no answer", "empty", "null set", "無解", "无解");
        Add("reals", "all real numbers", "all reals", "all real values", "all real x", "any real number", "real numbers", "set of all real numbers", "all real", "every real number", "all real numbers x");
        Add("infinite", "infinite", "infinity", "infinitely many", "infinitely many solutions", "infinite solutions", "infinite number of solutions", "unbounded");
        Add("diverges", "diverges", "divergent", "diverge", "it diverges", "series diverges", "series is divergent", "integral diverges", "does not converge");
        Add("converges", "converges", "convergent", "converge", "it converges", "series converges", "series is convergent", "integral converges");
        Add("yes", "yes", "true", "是", "correct");
        Add("no", "no", "false", "否", "incorrect");
        return classes.ToFrozenDictionary();
    }
}
