using System.Buffers;
using System.Collections.Frozen;

namespace Distill.Verification.Extraction;

/// <summary>The words by which a reader of running text knows what a number in it is: what is asked for, part of an explanation, or ruled out.</summary>
internal static class Prose
{
    /// <summary>Verbs and signs whose object is a result: "she has 12", "which gives 12".</summary>
    public static readonly FrozenSet<string> Verbs = FrozenSet.ToFrozenSet(
    [
        "is", "are", "was", "were", "be", "equals", "equal", "has", "have", "had", "gets", "get", "got", "gives", "gave", "give", "leaves", "makes", "make", "made", "costs", "cost", "takes", "take", "took", "needs", "need", "needed", "pays", "pay", "paid",
        "earns", "earn", "earned", "receives", "receive", "received", "contains", "contain", "becomes", "yields", "yield", "obtains", "obtain", "find", "finds", "found", "comes", "totals", "requires", "saves", "saved", "spends", "spent", "spend", "sells", "sold", "sell",
        "keeps", "kept", "remain", "remains", "giving", "leaving", "making", "totaling", "totalling", "yielding", "conclude", "deduce", "see", "know", "reaches", "holds", "eats", "ate", "buys", "buy", "bought", "afford", "reads", "read", "drives", "drove", "walks", "walked", "runs", "ran", "uses", "used", "lost", "loses", "weighs", "lasts", "counts", "bring", "brings", "earning", "costing", "add", "adds", "sum", "it's", "that's", "=", "≈", ":", "→", "⇒",
    ]);

    /// <summary>Words before a number that make it a circumstance: "of the 30", "in 5 days", "than 12".</summary>
    public static readonly FrozenSet<string> Prepositions = FrozenSet.ToFrozenSet(
        ["of", "from", "than", "in", "at", "for", "with", "by", "on", "after", "before", "over", "per", "among", "into", "to", "during", "within", "every", "as", "until", "above", "below", "through", "using", "which", "whose", "when", "where", "under", "without", "since", "against", "across", "around", "first", "all", "both", "each", "another"]);

    /// <summary>Words before a plain number that make it a label: "step 18", "page 64".</summary>
    public static readonly FrozenSet<string> Labels = FrozenSet.ToFrozenSet(["step", "case", "equation", "problem", "question", "part", "page", "option", "figure", "table", "chapter", "exercise", "line", "section", "room", "method", "lemma", "theorem", "example", "formula", "item", "row", "column", "version"]);

    /// <summary>Prepositions after which a number may still be what is asked for, when it is the only one.</summary>
    public static readonly FrozenSet<string> Harmless = FrozenSet.ToFrozenSet(["in", "at", "for", "by", "on", "to", "until", "with", "into", "all", "as"]);

    public static readonly FrozenSet<string> Pronouns = FrozenSet.ToFrozenSet(["she", "he", "they", "it", "we", "you", "I", "who", "that", "which"]);

    /// <summary>Words between a preposition and its number.</summary>
    public static readonly FrozenSet<string> Determiners = FrozenSet.ToFrozenSet(["the", "these", "those", "this", "his", "her", "their", "its", "our", "my", "your", "other", "original", "initial", "remaining", "first", "last", "next", "only", "about", "approximately", "exactly", "a", "an"]);

    /// <summary>Verbs whose "to", "at", "in" or "by" leads to the result: "comes to 42", "results in 42".</summary>
    public static readonly FrozenSet<string> LeadingWords = FrozenSet.ToFrozenSet(
        ["comes", "come", "amounts", "amount", "equal", "equivalent", "simplifies", "reduces", "evaluates", "up", "leads", "out", "arrive", "arrives", "results", "resulting", "given", "total", "sum", "value", "values", "answer", "maximum", "minimum", "average", "profit", "loss", "speed", "price", "cost", "result", "area", "volume", "length", "perimeter", "number", "distance", "probability", "age", "bring", "brings", "bringing", "increases", "rises", "down", "converges", "tends", "goes"]);

    /// <summary>What bounds a number or does something to it: "at least 12", "twice 12".</summary>
    public static readonly string[] Bounds =
    [
        "at least", "at most", "more than", "less than", "fewer than", "greater than", "larger than", "smaller than", "bigger than", "over", "under", "between", "nearly", "almost", "up to", "no more than", "no less than", "no fewer than", "exceeds", "exceed", "above", "below",
        "within", "twice", "double", "triple", "half", "half of", "times", "close to", "multiple of", "divisible by", "root of", "square of", "cube of", "than", "minimum of about", "reciprocal of", "negation of", "opposite of", "factor of", "divisor of", "part of", "third of", "quarter of",
    ];

    /// <summary>Words that say no to what follows or comes before.</summary>
    public static readonly FrozenSet<string> Negations = FrozenSet.ToFrozenSet(["not", "never", "cannot", "can't", "isn't", "aren't", "doesn't", "don't", "didn't", "wasn't", "won't", "neither", "nor", "without", "reject", "rejecting", "discard", "discarding", "exclude", "excluding", "ignore", "ignoring", "except", "extraneous", "eliminate", "eliminating", "unlike",
        "pas", "jamais", "nicht", "kein", "keine", "nie", "niemals", "não", "nunca", "non", "не", "нет", "никогда", "değil"]);

    /// <summary>Verbs that make a Spanish "no" before them a denial.</summary>
    public static readonly FrozenSet<string> SpanishVerbs = FrozenSet.ToFrozenSet(["es", "son", "era", "fue", "sería"]);

    /// <summary>Words behind which a denial no longer holds.</summary>
    public static readonly FrozenSet<string> Turnings = FrozenSet.ToFrozenSet(["but", "so", "thus", "hence", "therefore", "then", "since", "because"]);

    /// <summary>Beginnings of what is said about a value that does not hold.</summary>
    public static readonly string[] Refusals =
    [
        "is extraneous", "is an extraneous", "is rejected", "is not", "isn't", "is invalid", "is impossible", "is discarded", "is excluded", "is ruled out", "is inadmissible", "is wrong", "is incorrect", "is too", "is false", "is out of", "is outside", "must be rejected", "must be discarded", "must be excluded", "has to be rejected", "should be rejected", "can be rejected", "can be discarded",
        "does not", "doesn't", "do not", "don't", "did not", "cannot", "can't", "can not", "fails", "as extraneous", "are extraneous", "are not", "was not", "was wrong", "was incorrect", "would be wrong", "would not", "being extraneous", "makes the denominator", "leads to a contradiction", "gives a contradiction", "is a contradiction", "violates",
    ];

    /// <summary>Beginnings of sentences that look back at an answer, or say goodbye.</summary>
    public static readonly string[] Remarks =
    [
        "check", "verif", "to check", "to verify", "to confirm", "we can check", "we can verify", "we verify", "we check", "you can check", "you can verify", "one can check", "one checks", "let's check", "let's verify", "let us check", "let us verify", "let me check", "let me verify", "explanation", "reason", "the reason", "this is because", "that is because", "because", "since ", "note", "indeed", "proof", "hope", "i hope",
        "let me know", "feel free", "if you have", "if you need", "substituting back", "plugging", "plug ", "checking", "verifying", "this matches", "this agrees", "this satisfies", "this is consistent", "this confirms", "this works", "this checks", "as a check", "double-check", "double check", "sanity check", "quick check", "confirm", "justification", "details", "remark", "comment", "for example", "for reference", "for comparison", "in comparison", "the other ", "the others", "the rest ", "(",
        "steps", "why", "where ", "this is the same", "this means that each", "by comparison", "as expected", "recall", "this equals the", "✓", "compare", "alternatively", "thank",
    ];

    /// <summary>What leads from the way to the result.</summary>
    public static readonly string[] Turns = [", so ", " so ", "; ", " thus ", " hence ", " therefore ", " consequently ", " which gives ", " which means ", " which makes ", " which leaves ", " which yields ", " it follows that ", " i.e. ", " i.e., ", ", that is, ", ", that is ", " meaning ", " for a total of ", " earning ", " totaling ", " totalling ", " resulting in ", " costing ", " but ", " then "];

    /// <summary>What follows explains the result or belongs to something else.</summary>
    public static readonly string[] Asides =
        [" because ", " since ", ", as ", " when ", " while ", " whereas ", ", where ", " where ", " who ", ", who ", ", which ", " given that ", ", given ", " although ", " though ", " considering ", " except ", " instead of ", " rather than ", ", not ", " not counting ", " and not ", " than ", " compared ", " as opposed ", " out of ", ", leaving out ", " that have ", " that are ", " that has ", " that is ", " unlike ", " attained ", " achieved ", " obtained when ", " obtained at ", " reached "];

    /// <summary>Beginnings of sentences, or of their first parts, that only suppose.</summary>
    public static readonly string[] Suppositions = ["if ", "suppose", "assume", "assuming", "let ", "let's ", "let me ", "consider", "say ", "imagine", "we need", "we want", "we must", "we have to", "our goal", "to find", "find ", "solve", "start", "recall", "is ", "are ", "does ", "do ", "what ", "how "];

    /// <summary>Words of sentences that name an example, a step or a task, and no result.</summary>
    public static readonly SearchValues<string> Provisos = SearchValues.Create(
        ["e.g.", "for instance", "for example", "such as", "depends on", "depend on", "one of the", "a possible", "one possible", "possible value", "one solution", "another solution", "one root", "whether", "ran out", "out of time", "we need", "need to find", "remains to", "have to find", "next step", "asks for", "asked for", "asks us", "into the equation", "one example", "i'll test", "we test", "to be continued", "try "], StringComparison.OrdinalIgnoreCase);

    /// <summary>Beginnings of first parts that give circumstances.</summary>
    public static readonly string[] Circumstances = ["since", "because", "as ", "when", "given", "although", "though", "while", "for ", "from ", "with ", "after", "before", "by ", "if ", "in ", "at ", "on ", "using"];
}
