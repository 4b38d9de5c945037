using System.Buffers;
using Distill.Verification.Latex;

namespace Distill.Verification.Extraction;

/// <summary>Joins the values of a sentence that stand in one list, without those that it refuses.</summary>
/// <param name="text">The sentence.</param>
/// <param name="roles">The parts of its values.</param>
internal sealed class ValueLists(string text, ValueRoles roles)
{
    private static readonly SearchValues<char> Computing = SearchValues.Create("0123456789+");

    /// <summary>The values and lists of the sentence with their parts in it.</summary>
    public List<ProseValue> Of(List<ProseValue> values) => [.. Joined(WithoutRefused(values)).Select(value => value with { Role = roles.Of(value) })];

    // Values of which the sentence says that they do not hold are gone, and with them the same values in its lists.
    private List<ProseValue> WithoutRefused(List<ProseValue> values)
    {
        List<ProseValue> refused = [.. values.Where(value => !value.IsName && roles.IsRefused(value))];
        return refused.Count == 0 ? values : [.. values.Where(value => !refused.Exists(other => other.Bare == value.Bare))];
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
        ReadOnlySpan<char> between = text.AsSpan(left.End, right.Start - left.End).Trim(" *");
        if (!left.IsFormula && between.EndsWith("=")) // 3 or x = 4
        {
            between = between[..^1].TrimEnd();
            if (between.Length < 2 || !char.IsAsciiLetter(between[^1]) || between[^2] is not (' ' or ',')) return null;
            between = between[..^1].TrimEnd();
        }
        string word = between.TrimStart(", (").ToString();
        bool or = Vocabulary.Ors.Contains(word);
        string? separator = or ? " or " : between is "," || Vocabulary.Ands.Contains(word) ? ", " : between is ";" ? "; " : null;
        if (separator is null || separator == ", " && roles.Of(left) == ValueRole.Circumstance) return null;
        bool statement = IsStatement(left) || IsStatement(right);
        return statement && !or ? null : separator;
    }

    // 2x = 6 is a step, x = 3 a value.
    private static bool IsStatement(ProseValue value)
    {
        int sign = value.Text.IndexOf('=');
        return sign > 0 && value.Text.AsSpan(0, sign).ContainsAny(Computing);
    }
}
