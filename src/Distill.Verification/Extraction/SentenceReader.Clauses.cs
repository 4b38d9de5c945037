namespace Distill.Verification.Extraction;

internal sealed partial class SentenceReader
{
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
                if (_text.AsSpan(at).StartsWith(" so that", StringComparison.OrdinalIgnoreCase) || IsInside(at) || !_values.Exists(value => value.Start >= behind && !value.IsName && value.Role != ValueRole.TakenAway)) continue;
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

    // Ends the clause where an explanation of its value begins.
    private void CutAside()
    {
        foreach (string aside in Prose.Asides)
        {
            int from = _start;
            while (from < _end && _text.IndexOf(aside, from, _end - from, StringComparison.OrdinalIgnoreCase) is >= 0 and int at)
            {
                from = at + 1;
                if (IsInside(at) || !_values.Exists(value => value.Start >= _start && value.End <= at && !value.IsName && value.Role == ValueRole.Free)) continue;
                _end = at;
            }
        }
    }

    private bool IsInside(int at) => _values.Exists(value => value.Start < at && value.End > at);

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
}
