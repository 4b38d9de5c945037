using Distill.Verification.Extraction;
using Distill.Verification.Latex;
using Distill.Verification.Mathematics;

namespace Distill.Verification.Answers;

/// <summary>Judges an extracted answer against a reference answer: as texts, as choices, as formulas, in every reading that both allow.</summary>
internal sealed class AnswerJudgement(ReferenceAnswer reference, MathOptions options)
{
    private const string TooMuchWork = "too_much_work";

    private readonly WorkBudget _budget = new(WorkBudget.OneCheck);

    /// <summary>The comparison that decided.</summary>
    public Comparison Of(ExtractedAnswer found)
    {
        if (reference.Choice is { } choice && Choice(choice, found) is { } chosen) return chosen;
        Comparison best = Formulas(found.Text);
        if (best.IsEqual) return best;
        if (best is not { Equality: Equality.Different, Rule: not "text" } ? TextAnswers.AreEqual(reference.Text, found.Text) : reference.Text == found.Text) return new Comparison(Equality.Equal, "text");
        // "The answer is 42!"
        if (found.Place == AnswerPlace.Phrase && found.Text.EndsWith('!') && Formulas(found.Text.TrimEnd('!')) is { IsEqual: true } exclaimed) return exclaimed;
        // "9 (nine)", "1/2 (or 0.5)"
        if (Restated(found.Text) is { } before && Formulas(before) is { IsEqual: true } restated) return restated;
        // "B. 35" for 35
        if (reference.Choice is null && ChoiceAnswers.TextOf(found.Text) is { } text && Formulas(text) is { IsEqual: true } labelled) return labelled;
        return best;
    }

    // The answer before brackets that only say it again, or nearly.
    private string? Restated(string answer)
    {
        int open = answer.LastIndexOf(" (", StringComparison.Ordinal);
        if (open <= 0 || !answer.EndsWith(')')) return null;
        string before = answer[..open].Trim(), inner = answer[(open + 2)..^1].Trim();
        foreach (string word in (ReadOnlySpan<string>)["or ", "i.e. ", "that is, ", "which is ", "="])
            if (inner.StartsWith(word, StringComparison.OrdinalIgnoreCase)) inner = inner[word.Length..].Trim();
        foreach (string word in (ReadOnlySpan<string>)["about ", "approximately ", "approx. ", "roughly ", "≈", "\\approx"])
            if (inner.StartsWith(word, StringComparison.OrdinalIgnoreCase)) return before;
        if (Parser.Parse(before) is not { } said || Parser.Parse(inner) is not { } again) return null;
        return Compared(said, again).IsEqual ? before : null;
    }

    private Comparison? Choice((string Letters, string Text) choice, ExtractedAnswer found)
    {
        string given = ChoiceAnswers.Given(found.Text, found.Place is AnswerPlace.Box or AnswerPlace.Phrase or AnswerPlace.Tag || found.Text.StartsWith('(') || found.Text.TrimEnd('.').EndsWith(')'));
        if (given.Length > 0) return Comparison.Of(given == choice.Letters && !Contradicts(choice.Text, found.Text), "choice");
        if (found.Place != AnswerPlace.Box && ChoiceAnswers.InProse(found.Text) is { Length: > 0 } said) return Comparison.Of(said == choice.Letters, "choice");
        string? wanted = choice.Text.Length > 0 ? choice.Text : OptionText(choice.Letters);
        if (wanted is null) return reference.Formula is null || choice.Letters.Length == 1 ? new Comparison(Equality.Unknown, "no_choice") : null;
        Comparison byText = new AnswerJudgement(ReferenceAnswer.Of(wanted) with { Choice = null }, options).Of(found);
        return byText.IsEqual ? byText with { Rule = "choice" } : byText;
    }

    // "(C) 25" for "(C) 24"
    private bool Contradicts(string wanted, string answer) => wanted.Length > 0 && ChoiceAnswers.TextOf(answer) is { Length: > 0 } said && Parser.Parse(wanted) is { } gold && AnswerComparison.IsScalar(gold)
        && Parser.Parse(said) is { } given && AnswerComparison.IsScalar(given) && Compared(gold, given) is { Equality: Equality.Different };

    private string? OptionText(string letters) =>
        letters.Length == 1 && options.Choices is { } choices && letters[0] - 'A' < choices.Count ? ChoiceAnswers.TextOf(choices[letters[0] - 'A']) ?? choices[letters[0] - 'A'] : null;

    private Comparison Formulas(string answer)
    {
        if (reference.Formula is not { } gold) return new Comparison(TextAnswers.IsWordy(reference.Text) && TextAnswers.IsWordy(answer) ? Equality.Different : Equality.Unknown, TextAnswers.IsWordy(reference.Text) ? "text" : "reference_not_understood");
        Node? given = Parser.Parse(answer) ?? TextAnswers.Meaning(answer) ?? (WithoutWords(answer) is { } value ? Parser.Parse(value) : null);
        if (given is null) return new Comparison(Equality.Unknown, "not_understood");
        Comparison first = Compared(gold, given);
        return first.IsEqual || first.Rule == TooMuchWork ? first : OtherReading(answer, given, first);
    }

    // What P(\text{two heads}) = 3/8 says of a name in words.
    private static string? WithoutWords(string answer)
    {
        int sign = answer.IndexOf('=');
        if (sign <= 0) return null;
        ReadOnlySpan<char> name = answer.AsSpan(0, sign).Trim();
        bool isCall = name.Length > 0 && char.IsAsciiLetter(name[0]) && name.EndsWith(")") && name.IndexOf('(') is > 0 and < 8 && name.Contains("\\text{", StringComparison.Ordinal);
        return isCall ? answer[(sign + 1)..] : null;
    }

    private Comparison Compared(Node gold, Node given)
    {
        try
        {
            return new AnswerComparison(options, _budget).Compare(gold, given);
        }
        catch (Exception e) when (e is WorkExceededException || e.InnerException is WorkExceededException) // sorting wraps it
        {
            return new Comparison(Equality.Unknown, TooMuchWork);
        }
    }

    // Commas that may part thousands, items of a list or decimals.
    private Comparison OtherReading(string answer, Node given, Comparison first)
    {
        if (!answer.Contains(',') && !reference.Text.Contains(',')) return first;
        Node gold = reference.Formula!;
        // In a pair of numbers (1,234) parts; where the reference is one number it groups.
        Node? grouped = AnswerComparison.IsScalar(gold) && given is SequenceNode ? Parser.Parse(answer, groupInBrackets: true) : null;
        if (grouped is not null && AnswerComparison.IsScalar(grouped) && Compared(gold, grouped) is { IsEqual: true } equal) return equal;
        if (Spread(answer) is { } list && (gold is not NumberNode && Spread(reference.Text) is { } goldList ? Parser.Parse(goldList) : gold) is SequenceNode wanted && Parser.Parse(list) is { } listed
            && Compared(wanted, listed) is { IsEqual: true } asList) return asList;
        if (given is SequenceNode && gold is SequenceNode && Parser.Parse(reference.Text, groupInBrackets: true) is { } goldGrouped && Parser.Parse(answer, groupInBrackets: true) is { } givenGrouped
            && Compared(goldGrouped, givenGrouped) is { IsEqual: true } both) return both;
        return DecimalComma(answer, gold) is { } point && Compared(gold, point) is { IsEqual: true } asDecimal ? asDecimal : first;
    }

    // "1,234" as a list, where nothing but a comma joins its groups.
    private static string? Spread(string text) => text.Contains(',') && !text.Contains("{,}", StringComparison.Ordinal) && !text.Contains(",\\!", StringComparison.Ordinal) ? text.Replace(",", ", ", StringComparison.Ordinal) : null;

    private static Node? DecimalComma(string answer, Node gold)
    {
        if (gold is not NumberNode and not NegativeNode { Operand: NumberNode } && !(gold is QuotientNode && answer.StartsWith("0,", StringComparison.Ordinal))) return null;
        string plain = answer.Replace("{,}", ",", StringComparison.Ordinal);
        int comma = plain.IndexOf(',');
        bool isDecimal = gold is NumberNode { Written.DecimalPlaces: not null } or NegativeNode { Operand: NumberNode { Written.DecimalPlaces: not null } };
        if (!isDecimal && gold is not QuotientNode && plain.IndexOf('.') is var point && (point < 0 || point > comma)) return null;
        // 1.234,5
        if (comma > 4 && plain[..comma].Split('.') is [{ Length: > 0 and <= 3 }, ..] groups && groups.Skip(1).All(group => group.Length == 3)) (plain, comma) = (plain[..comma].Replace(".", "", StringComparison.Ordinal) + plain[comma..], comma - groups.Length + 1);
        return comma > 0 && comma == plain.LastIndexOf(',') && comma + 1 < plain.Length && char.IsAsciiDigit(plain[comma - 1]) && char.IsAsciiDigit(plain[comma + 1])
            ? Parser.Parse(plain.Replace(',', '.')) : null;
    }
}
