using System.Buffers;
using Distill.Verification.Latex;

namespace Distill.Verification.Extraction;

/// <summary>Decides which value a sentence states: the object of its last verb, or the only one that nothing takes away.</summary>
internal sealed partial class SentenceReader
{
    private static readonly SearchValues<char> Operators = SearchValues.Create("+*/^−"), Stating = SearchValues.Create("=≈:→⇒"), Letters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

    private readonly string _text;
    private readonly ValueRoles _roles;
    private readonly List<ProseValue> _values;

    // Where the last clause begins and ends.
    private int _start, _end;

    /// <summary>Prepares to read a sentence.</summary>
    /// <param name="text">The sentence.</param>
    /// <param name="values">Its values.</param>
    public SentenceReader(string text, List<ProseValue> values)
    {
        _text = text;
        _roles = new ValueRoles(text);
        _values = new ValueLists(text, _roles).Of(values);
        _end = text.Length;
    }

    /// <summary>The conclusion.</summary>
    public Conclusion Read()
    {
        DropLeadingClause();
        Turn();
        TurnToResult();
        CutAside();
        if (_start == 0 && _text.StartsWith("if ", StringComparison.OrdinalIgnoreCase) || Says(" if ") || Says(" unless ") || Says(" depending ") || Says(" of which ")) return new Conclusion(null, false);
        if (IsPhrase()) return new Conclusion(null, false);
        List<ProseValue> inside = [.. _values.Where(value => value.Start >= _start && value.End <= _end)];
        List<ProseValue> stated = [.. inside.Where(value => value.Role != ValueRole.TakenAway)];
        List<ProseValue> free = [.. stated.Where(value => value.Role == ValueRole.Free)];
        if (Marked(stated, free) is { } bold) return new Conclusion(bold, true);
        if (IsTopic(free)) return new Conclusion(null, false);
        if (free.FindLast(IsTotal) is { } total) return new Conclusion(total, false);
        if (Named(free) is { } subject) return new Conclusion(subject, false);
        if (Stated(free) is { } result) return new Conclusion(result, false);
        List<ProseValue> sayings = [.. free.Where(value => !value.IsName)];
        if (sayings.Count == 1) return new Conclusion(sayings[0], false);
        if (free.Count == 1) return new Conclusion(free[0], false);
        if (free.Count == 0 && stated.Count == 1 && inside.Count == 1 && Prose.Harmless.Contains(_roles.WordBefore(stated[0].Start))) return new Conclusion(stated[0], false);
        return new Conclusion(null, false);
    }

    // "5 more than 3", "5 times x": a value in words, which no verb states.
    private bool IsPhrase()
    {
        if (ProseSentences.Concludes(_text) || ProseSentences.HasVerb(_text) || _text.AsSpan().ContainsAny(Stating) || _values.Exists(value => value.IsEquation)) return false;
        return _values.Count > 1 || _text.Contains(" than ", StringComparison.Ordinal) || _text.Contains(" times ", StringComparison.Ordinal) || _text.Contains(" out of ", StringComparison.Ordinal);
    }

    // The only value that is set in bold, or the one that a bold sentence states.
    private ProseValue? Marked(List<ProseValue> stated, List<ProseValue> free)
    {
        List<ProseValue> bold = [.. free.Where(_roles.IsBold)];
        return bold.Count > 1 ? Stated(bold) ?? bold[^1] : bold.Count == 1 ? bold[0] : stated.FindLast(_roles.IsBold);
    }

    // "64 is even" is about 64 and answers nothing; "3 is the smallest" does.
    private bool IsTopic(List<ProseValue> free)
    {
        if (free.Count != 1 || free[0].IsEquation || Named(free) is not null || _text.AsSpan(_start, Math.Max(0, free[0].Start - _start)).ContainsAny(Letters)) return false;
        ReadOnlySpan<char> after = _text.AsSpan(free[0].End).TrimStart(" $*");
        return (after.StartsWith("is ") || after.StartsWith("was ")) && !after.StartsWith("is correct") && !after.StartsWith("is right") && !after.StartsWith("is indeed");
    }

    // "$64 in total", "12 apples altogether"
    private bool IsTotal(ProseValue value)
    {
        ReadOnlySpan<char> after = _text.AsSpan(value.End).TrimStart(" $*");
        for (int words = 0; words < 3; words++)
        {
            if (after.StartsWith("in total") || after.StartsWith("in all") || after.StartsWith("altogether") || after.StartsWith("overall")) return true;
            int word = 0;
            while (word < after.Length && char.IsAsciiLetter(after[word])) word++;
            if (word == 0) return false;
            after = after[word..].TrimStart(' ');
        }
        return false;
    }

    // "3 is the smallest such number"
    private ProseValue? Named(List<ProseValue> free)
    {
        if (free.Count == 0 || free[0].IsName || free[0].IsEquation) return null;
        ReadOnlySpan<char> before = _text.AsSpan(_start, Math.Max(0, free[0].Start - _start)).Trim(" ,*:");
        ReadOnlySpan<char> after = _text.AsSpan(free[0].End).TrimStart(" $*");
        bool first = before.Length == 0 || before.Length < 16 && !before.Contains(' ');
        return first && (after.StartsWith("is the ") || after.StartsWith("are the ") || after.StartsWith("is our ") || after.StartsWith("is what ") || after.StartsWith("is how ")) ? free[0] : null;
    }

    // From the last verb back to the first: what it has for an object, else what stands before it.
    private ProseValue? Stated(List<ProseValue> free)
    {
        List<(int Start, int End)> verbs = Verbs();
        int next = _end;
        for (int i = verbs.Count - 1; i >= 0; i--)
        {
            (int start, int end) = verbs[i];
            if (_values.Exists(value => value.IsEquation && value.Start <= start && value.End >= end))
            {
                if (free.Find(value => value.Start <= start && value.End >= end) is { } equation) return equation;
                next = start;
                continue;
            }
            if (IsEquated(start, end) && !IsPlainName(start)) return null;
            if (IsEquated(start, end) && _roles.WordStart(start) is var name && name < start && Prose.Prepositions.Contains(_roles.WordBefore(name)))
            {
                next = start; // "at x = 3"
                continue;
            }
            if (_roles.WordBefore(start) == "to" && free.Exists(value => !value.IsName && value.End <= start && verbs.Exists(verb => verb.End <= value.Start)))
            {
                next = start; // "pays $64 to buy 16 glasses"
                continue;
            }
            List<ProseValue> objects = [.. free.Where(value => value.Start >= end && value.Start < next)];
            if (objects.Find(value => !value.IsName) is { } first) return WithAlternative(first);
            if (objects.Count > 0) return objects[0];
            int earlier = i > 0 ? verbs[i - 1].End : _start;
            if (i == verbs.Count - 1 && free.FindLast(value => value.Start >= earlier && value.End <= start && !value.IsName && IsSubject(earlier, value, start)) is { } subject) return subject;
            next = start;
        }
        return null;
    }

    // "$64, or $1024": both have to be it.
    private ProseValue WithAlternative(ProseValue value)
    {
        ProseValue? next = _values.Find(other => other.Start > value.End && !other.IsName && other.End <= _end && Vocabulary.Ors.Contains(_roles.WordBefore(other.Start)));
        if (next is null) return value;
        return new ProseValue(value.Start, next.End, $"{value.Text} or {next.Text}", value.IsFormula && next.IsFormula);
    }

    // "…, and 12 are left"
    private bool IsSubject(int earlier, ProseValue value, int verb)
    {
        string[] between = _text[value.End..verb].Split([' ', '*', '$'], StringSplitOptions.RemoveEmptyEntries);
        if (between.Length > 3 || between.Any(Prose.Pronouns.Contains)) return false;
        ReadOnlySpan<char> before = _text.AsSpan(earlier, Math.Max(0, value.Start - earlier)).TrimEnd(" *");
        return before.EndsWith(" and") || before.EndsWith(",") || before.Length == 0 && earlier == _start || before.EndsWith(" only") || before.EndsWith(" the") || before.EndsWith(" that");
    }

    private bool Says(string word) => _text.AsSpan(_start, Math.Max(0, _end - _start)).Contains(word, StringComparison.OrdinalIgnoreCase);
}
