using System.Buffers;

namespace Distill.Verification.Extraction;

/// <summary>Decides which value a sentence states: the object of its last verb, or the only one that nothing takes away.</summary>
internal sealed class SentenceReader
{
    private static readonly SearchValues<char> Computing = SearchValues.Create("0123456789+"), Operators = SearchValues.Create("+*/^−"), Stating = SearchValues.Create("=≈:→⇒"), Letters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

    private readonly string _text;
    private readonly List<ProseValue> _values;

    // Where the last clause begins and ends.
    private int _start, _end;

    /// <summary>Prepares to read a sentence.</summary>
    /// <param name="text">The sentence.</param>
    /// <param name="values">Its values.</param>
    public SentenceReader(string text, List<ProseValue> values)
    {
        _text = text;
        _values = Joined(WithoutRefused(values));
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
        List<ProseValue> stated = [.. inside.Where(value => !IsTakenAway(value))];
        List<ProseValue> free = [.. stated.Where(value => !IsCircumstance(value))];
        if (Marked(stated, free) is { } bold) return new Conclusion(bold, true);
        if (IsTopic(free)) return new Conclusion(null, false);
        if (free.FindLast(IsTotal) is { } total) return new Conclusion(total, false);
        if (Named(free) is { } subject) return new Conclusion(subject, false);
        if (Stated(free) is { } result) return new Conclusion(result, false);
        List<ProseValue> sayings = [.. free.Where(value => !value.IsName)];
        if (sayings.Count == 1) return new Conclusion(sayings[0], false);
        if (free.Count == 1) return new Conclusion(free[0], false);
        if (free.Count == 0 && stated.Count == 1 && inside.Count == 1 && Prose.Harmless.Contains(WordBefore(stated[0].Start))) return new Conclusion(stated[0], false);
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
        List<ProseValue> bold = [.. free.Where(IsBold)];
        return bold.Count > 1 ? Stated(bold) ?? bold[^1] : bold.Count == 1 ? bold[0] : stated.FindLast(IsBold);
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
            if (IsEquated(start, end) && WordStart(start) is var name && name < start && Prose.Prepositions.Contains(WordBefore(name)))
            {
                next = start; // "at x = 3"
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
        ProseValue? next = _values.Find(other => other.Start > value.End && !other.IsName && other.End <= _end && _text.AsSpan(value.End, other.Start - value.End).TrimEnd(" $*").EndsWith(" or"));
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

    private bool IsEquated(int start, int end) => end - start == 1 && _text[start] is '=' or '≈';

    // What stands left of a sign in plain text: a name, words or a computation with numbers, not 2x or x + 3.
    private bool IsPlainName(int sign)
    {
        int start = sign;
        while (start > _start && _text[start - 1] is not (',' or ';' or ':' or '=' or '\n')) start--;
        ReadOnlySpan<char> left = _text.AsSpan(start, sign - start).Trim();
        bool operators = left.ContainsAny(Operators) || left.Contains(" - ", StringComparison.Ordinal);
        for (int i = 0; i < left.Length; i++)
        {
            if (!char.IsAsciiLetter(left[i])) continue;
            bool alone = (i == 0 || !char.IsAsciiLetter(left[i - 1])) && (i + 1 == left.Length || !char.IsAsciiLetter(left[i + 1]));
            if (alone && (i > 0 && char.IsAsciiDigit(left[i - 1]) || operators && left[i] is not ('a' or 'I' or 'A'))) return false;
        }
        return true;
    }

    private List<(int Start, int End)> Verbs()
    {
        var verbs = new List<(int, int)>();
        for (int i = _start; i < _end; i++)
        {
            int end = i;
            if (char.IsAsciiLetter(_text[i]))
                while (end < _end && (char.IsAsciiLetter(_text[end]) || _text[end] == '\'')) end++;
            else end++;
            if (Prose.Verbs.Contains(_text[i..end].ToLowerInvariant())) verbs.Add((i, end));
            i = end - 1;
        }
        return verbs;
    }

    private bool IsBold(ProseValue value)
    {
        int open = -1;
        for (int at = _text.IndexOf("**", StringComparison.Ordinal); at >= 0; at = _text.IndexOf("**", at + 2, StringComparison.Ordinal))
        {
            if (open < 0) open = at;
            else if (value.Start >= open && value.End <= at + 2) return !_text.AsSpan(open, at - open).TrimEnd(" .").EndsWith(":");
            else open = -1;
        }
        return false;
    }

    // "of the 30", "in 5 days", unless a word before says that the result follows: "a total of 30", "comes to 5".
    private bool IsCircumstance(ProseValue value)
    {
        int at = value.Start;
        string word = WordBefore(at);
        for (int i = 0; i < 3 && Prose.Determiners.Contains(word); i++)
        {
            at = WordStart(at);
            word = WordBefore(at);
        }
        if (!value.IsFormula && Prose.Labels.Contains(word)) return true;
        return Prose.Prepositions.Contains(word) && !Prose.LeadingWords.Contains(WordBefore(WordStart(at)));
    }

    // Bounded, doubled, or said not to be it.
    private bool IsTakenAway(ProseValue value)
    {
        ReadOnlySpan<char> before = _text.AsSpan(_start, Math.Max(0, value.Start - _start)).TrimEnd(" $*");
        if (before.EndsWith(" the")) before = before[..^4];
        if (before.EndsWith(" such")) return true;
        foreach (string bound in Prose.Bounds)
            if (!(bound == "up to" && (before.EndsWith("add up to") || before.EndsWith("adds up to") || before.EndsWith("sum up to") || before.EndsWith("sums up to"))) && before.EndsWith(bound, StringComparison.OrdinalIgnoreCase) && (before.Length == bound.Length || !char.IsLetter(before[before.Length - bound.Length - 1]))) return true;
        int at = value.Start;
        for (int i = 0; i < 5 && at > _start; i++)
        {
            string word = WordBefore(at);
            if (Prose.Negations.Contains(word)) return true;
            at = WordStart(at);
        }
        ReadOnlySpan<char> after = _text.AsSpan(value.End);
        if (!value.IsFormula && after.Length > 0 && (after[0] is '+' or '^' or '/' or '=' || after[0] == '*' && !after.StartsWith("**"))) return true; // broken off
        after = after.TrimStart(" $*");
        return after.StartsWith("squared") || after.StartsWith("cubed") || after.StartsWith("or more") || after.StartsWith("or less") || after.StartsWith("or fewer");
    }

    private string WordBefore(int at)
    {
        int start = WordStart(at), end = start;
        while (end < at && (char.IsAsciiLetter(_text[end]) || _text[end] == '\'')) end++;
        return _text[start..end].ToLowerInvariant();
    }

    // Where the word before a place begins; the place itself when something else stands between.
    private int WordStart(int at)
    {
        int end = at;
        while (end > 0 && _text[end - 1] is ' ' or '*' or '$') end--;
        int start = end;
        while (start > 0 && (char.IsAsciiLetter(_text[start - 1]) || _text[start - 1] == '\'')) start--;
        return start == end ? at : start;
    }

    private bool Says(string word) => _text.AsSpan(_start, Math.Max(0, _end - _start)).Contains(word, StringComparison.OrdinalIgnoreCase);

    // "Since x > 0, we have x = 3": the first part tells the way.
    private void DropLeadingClause()
    {
        ReadOnlySpan<char> text = _text.AsSpan().TrimStart(" *_");
        int offset = _text.Length - text.Length;
        bool participle = text.IndexOf(' ') is > 4 and int space && text[..space].EndsWith("ing");
        foreach (string circumstance in Prose.Circumstances) participle |= text.StartsWith(circumstance, StringComparison.OrdinalIgnoreCase);
        if (!participle) return;
        for (int comma = _text.IndexOf(", ", offset, StringComparison.Ordinal); comma >= 0; comma = _text.IndexOf(", ", comma + 1, StringComparison.Ordinal))
        {
            if (_values.Exists(value => value.Start < comma && value.End > comma)) continue;
            if (_values.Exists(value => value.Start > comma)) _start = comma + 1;
            return;
        }
    }

    // The part behind the last "so" that states a value.
    private void Turn()
    {
        foreach (string turn in Prose.Turns)
        {
            for (int at = _text.LastIndexOf(turn, StringComparison.OrdinalIgnoreCase); at > _start; at = _text.LastIndexOf(turn, at - 1, StringComparison.OrdinalIgnoreCase))
            {
                int behind = at + turn.Length - 1;
                if (_text.AsSpan(at).StartsWith(" so that", StringComparison.OrdinalIgnoreCase) || IsInside(at) || !_values.Exists(value => value.Start >= behind && !value.IsName && !IsTakenAway(value))) continue;
                ReadOnlySpan<char> said = _text.AsSpan(_values.First(value => value.Start >= behind && !value.IsName).End).TrimStart(" $*");
                if (turn is ", that is " or ", that is, " or " i.e. " or " i.e., " && (said.StartsWith("more") || said.StartsWith("less") || said.StartsWith("fewer"))) continue;
                _start = behind;
                break;
            }
        }
    }

    // "9 times 2, which is 18"
    private void TurnToResult()
    {
        foreach (string relative in (ReadOnlySpan<string>)[", which is ", ", which equals ", ", which gives ", ", which makes ", ", which comes to ", ", which totals "])
        {
            int at = _text.LastIndexOf(relative, StringComparison.OrdinalIgnoreCase);
            if (at < _start || IsInside(at) || _values.FindIndex(value => value.Start >= at) is not (>= 0 and int index) || _values[index].Start > at + relative.Length + 2 || index < _values.Count - 1) continue;
            if (_text.AsSpan(_values[index].End).Trim(" .$*!").Contains(' ')) continue;
            _start = at + 7;
        }
    }

    private bool IsInside(int at) => _values.Exists(value => value.Start < at && value.End > at);

    // Ends the clause where an explanation of its value begins.
    private void CutAside()
    {
        foreach (string aside in Prose.Asides)
        {
            int from = _start;
            while (from < _end && _text.IndexOf(aside, from, _end - from, StringComparison.OrdinalIgnoreCase) is >= 0 and int at)
            {
                from = at + 1;
                if (IsInside(at) || !_values.Exists(value => value.Start >= _start && value.End <= at && !value.IsName && !IsTakenAway(value) && !IsCircumstance(value))) continue;
                _end = at;
            }
        }
    }

    // Values of which the sentence says that they do not hold are gone, and with them the same values in its lists.
    private List<ProseValue> WithoutRefused(List<ProseValue> values)
    {
        List<ProseValue> refused = [.. values.Where(value => !value.IsName && IsRefused(value))];
        return refused.Count == 0 ? values : [.. values.Where(value => !refused.Exists(other => other.Bare == value.Bare))];
    }

    private bool IsRefused(ProseValue value)
    {
        ReadOnlySpan<char> after = _text.AsSpan(value.End).TrimStart(" $*,)");
        foreach (string refusal in Prose.Refusals)
            if (after.StartsWith(refusal, StringComparison.OrdinalIgnoreCase)) return true;
        return WordBefore(value.Start) is { Length: > 0 } word && word is "reject" or "rejecting" or "discard" or "discarding" or "exclude" or "excluding" or "ignoring" or "extraneous";
    }

    // "x = 3 or x = 4", "3, 4 and 5" are one list.
    private List<ProseValue> Joined(List<ProseValue> values)
    {
        var joined = new List<ProseValue>();
        foreach (ProseValue value in values)
        {
            if (joined.Count > 0 && joined[^1] is var last && Separator(last, value) is { } separator)
                joined[^1] = new ProseValue(last.Start, value.End, last.Text + separator + value.Text, last.IsFormula && value.IsFormula);
            else joined.Add(value);
        }
        return joined;
    }

    private string? Separator(ProseValue left, ProseValue right)
    {
        if (left.IsName || right.IsName || left.IsFormula != right.IsFormula || right.Start - left.End is < 1 or > 16) return null;
        ReadOnlySpan<char> between = _text.AsSpan(left.End, right.Start - left.End).Trim(" *");
        if (!left.IsFormula && between.EndsWith("=")) // 3 or x = 4
        {
            between = between[..^1].TrimEnd();
            if (between.Length < 2 || !char.IsAsciiLetter(between[^1]) || between[^2] is not (' ' or ',')) return null;
            between = between[..^1].TrimEnd();
        }
        string? separator = between switch { "," or ", and" or "and" or "&" => ", ", ";" => "; ", "or" or ", or" => " or ", _ => null };
        if (separator is null || separator == ", " && IsCircumstance(left)) return null;
        bool statement = IsStatement(left) || IsStatement(right);
        return statement && between is not ("or" or ", or") ? null : separator;
    }

    // 2x = 6 is a step, x = 3 a value.
    private static bool IsStatement(ProseValue value)
    {
        int sign = value.Text.IndexOf('=');
        return sign > 0 && value.Text.AsSpan(0, sign).ContainsAny(Computing);
    }
}
