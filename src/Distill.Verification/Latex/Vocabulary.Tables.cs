using System.Collections.Frozen;
using Distill.Verification.Answers;

namespace Distill.Verification.Latex;

/// <summary>Which runs of letters are words, and which are products of variables.</summary>
internal static class Vocabulary
{
    /// <summary>Words that take part in the structure of an answer.</summary>
    private static readonly FrozenSet<string> Keywords = FrozenSet.ToFrozenSet(
    [
        "and", "or", "if", "for", "where", "when", "with", "otherwise", "else", "in", "is", "are", "was", "be", "the", "an", "of", "to", "per", "sq", "cu", "deg", "half", "percent", "pct", "cent", "mod", "base", "no", "not", "none", "yes", "true", "false", "odd", "even",
        "all", "any", "real", "reals", "number", "numbers", "infinitely", "many", "does", "exist", "solution", "solutions", "answer", "value", "area", "about", "approximately", "approx", "pm", "am", "by", "on", "at", "as", "so", "let", "then",
        "union", "intersect", "intersection", "undefined", "dne", "empty", "set", "only", "both", "each", "every", "from", "it", "we", "that", "this", "there", "over", "than", "less", "more", "red", "blue", "mon", "tue", "may", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "oct", "nov", "dec", "day", "her", "his", "him", "she", "he", "they", "one", "two", "six", "ten",
        "old", "new", "big", "top", "cat", "dog", "car", "bus", "sun", "nor", "but", "can", "has", "had", "did", "out", "off", "own", "too", "way", "who", "why", "how", "its", "our", "you", "am", "pm", "st", "nd", "rd", "th",
    ]);

    /// <summary>What parts alternatives, in the languages that reasoning models answer in.</summary>
    public static readonly FrozenSet<string> Ors = FrozenSet.ToFrozenSet(["or", "ou", "oder", "ó", "или", "або", "lub", "或", "或者", "または", "또는"]);

    /// <summary>What joins values of one list.</summary>
    public static readonly FrozenSet<string> Ands = FrozenSet.ToFrozenSet(["and", "&", "et", "und", "и", "та", "和", "と", "및"]);

    /// <summary>Words behind a value that make it another value, or deny it.</summary>
    private static readonly FrozenSet<string> NoUnits = FrozenSet.ToFrozenSet(["squared", "cubed", "times", "plus", "divided", "multiplied", "not", "does", "doesn", "isn", "cannot", "fails", "wrong", "incorrect", "impossible", "except", "out", "than", "less", "fewer", "and", "or"]);

    /// <summary>Whether a word behind a value names no unit and nothing that is counted.</summary>
    public static bool IsNoUnit(string word) => NoUnits.Contains(word);

    private static readonly FrozenDictionary<string, string> PlainSymbols = new Dictionary<string, string>
    {
        ["pi"] = "pi", ["Pi"] = "pi", ["PI"] = "pi", ["infinity"] = "infinity", ["Infinity"] = "infinity", ["infty"] = "infinity", ["inf"] = "infinity", ["oo"] = "infinity",
        ["alpha"] = "alpha", ["beta"] = "beta", ["gamma"] = "gamma", ["delta"] = "delta", ["epsilon"] = "epsilon", ["theta"] = "theta", ["lambda"] = "lambda", ["mu"] = "mu", ["sigma"] = "sigma", ["omega"] = "omega", ["phi"] = "phi", ["rho"] = "rho", ["psi"] = "psi", ["tau"] = "tau",
    }.ToFrozenDictionary();

    /// <summary>The symbol that a plain word stands for, or null.</summary>
    public static string? Symbol(string word) => PlainSymbols.GetValueOrDefault(word);

    /// <summary>Whether a run of letters is a word, and not a product of variables such as <c>abc</c>.</summary>
    public static bool IsWord(string run) => run.Length >= 2 && (run.Length >= 5 || Keywords.Contains(run.ToLowerInvariant()) || NumberWords.IsOne(run.ToLowerInvariant()) || Units.IsKnown(run) || run.Length == 4 && run.AsSpan(1).ContainsAny("aeiou"));
}
