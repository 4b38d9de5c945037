using System.Buffers;
using System.Collections.Frozen;
using System.Text;
using Distill.Verification.Latex;

namespace Distill.Verification.Answers;

/// <summary>Answers in words: case, spacing, articles and a final period do not count; some phrases mean the same.</summary>
internal static class TextAnswers
{
    private static readonly SearchValues<char> Formal = SearchValues.Create("\\^_{}=<>");

    private static readonly FrozenDictionary<string, string> Classes = Build();

    /// <summary>Whether two texts say the same.</summary>
    public static bool AreEqual(string a, string b) => Normalize(a) is var x && Normalize(b) is var y && x.Length > 0 && (x == y || ClassOf(x) is { } same && same == ClassOf(y));

    /// <summary>Whether the text is words rather than a formula that was not understood.</summary>
    public static bool IsWordy(string text) => text.Length > 0 && !text.AsSpan().ContainsAny(Formal) && text.Count(char.IsLetter) * 3 > text.Length * 2;

    /// <summary>The set that a phrase stands for: ∅ for "no solution", ℝ for "all real numbers"; else null.</summary>
    public static Node? Meaning(string text) => ClassOf(Normalize(text)) switch
    {
        "none" => new SequenceNode(Bracket.Curly, Bracket.Curly, []),
        "reals" => new NumberSetNode("R"),
        "infinite" => SymbolNode.Infinity,
        _ => null,
    };

    private static string? ClassOf(string normalized) => Classes.GetValueOrDefault(normalized);

    /// <summary>The text without layout, wrappers, case, articles and punctuation around it.</summary>
    public static string Normalize(string text)
    {
        var normal = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (c == '\\')
            {
                int end = i + 1;
                while (end < text.Length && char.IsAsciiLetter(text[end])) end++;
                string command = text[(i + 1)..end];
                if (command.Length == 0)
                {
                    if (end < text.Length && text[end] is ',' or ';' or ':' or '!' or ' ' or '(' or ')' or '[' or ']') normal.Append(' ');
                    else if (end < text.Length) normal.Append(text[end]);
                    i = end;
                    continue;
                }
                if (!LatexCommands.TextFaces.Contains(command) && !LatexCommands.MathFaces.Contains(command) && !LatexCommands.Layout.Contains(command))
                    normal.Append('\\').Append(LatexCommands.Fractions.Contains(command) ? "frac" : command);
                else if (command is "quad" or "qquad") normal.Append(' ');
                i = end - 1;
            }
            else if (c is '$' or '{' or '}' or '*' or '`' or '"' or '“' or '”' or '~') normal.Append(c == '~' ? ' ' : "");
            else if (char.IsWhiteSpace(c) || c == '-' && i > 0 && i + 1 < text.Length && char.IsLetter(text[i - 1]) && char.IsLetter(text[i + 1])) normal.Append(' ');
            else normal.Append(c is '’' ? '\'' : char.ToLowerInvariant(c));
        }
        string[] words = normal.ToString().Trim(' ', '.', ',', ';', ':', '!', '\'').Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return string.Join(' ', words.Where(word => words.Length == 1 || word is not ("the" or "a" or "an")));
    }

    private static FrozenDictionary<string, string> Build()
    {
        var classes = new Dictionary<string, string>();
        void Add(string name, params ReadOnlySpan<string> phrases)
        {
            foreach (string phrase in phrases) classes[phrase] = name;
        }

        Add("none", "no solution", "no solutions", "no real solution", "no real solutions", "no real roots", "none", "empty set", "no such number", "no such numbers", "no such value", "there is no solution", "there are no solutions", "no solution exists", "no solutions exist",
            "dne", "does not exist", "limit does not exist", "undefined", "it does not exist", "doesn't exist", "no values", "no value", "no integer solutions", "no integer solution", "no such x", "not exist", "nonexistent", "no answer", "null set", "無解", "无解");
        Add("reals", "all real numbers", "all reals", "all real values", "all real x", "any real number", "real numbers", "set of all real numbers", "all real", "every real number", "all real numbers x");
        Add("infinite", "infinite", "infinity", "infinitely many", "infinitely many solutions", "infinite solutions", "infinite number of solutions", "unbounded");
        Add("yes", "yes", "true", "是", "correct");
        Add("no", "no", "false", "否", "incorrect");
        return classes.ToFrozenDictionary();
    }
}
