using Distill.Verification.Latex;
using Distill.Verification.Mathematics;

namespace Distill.Verification.Answers;

internal sealed partial class AnswerComparison
{
    private Comparison Sequences(Node gold, Node given)
    {
        if (gold is not SequenceNode a)
        {
            if (given is SequenceNode single && Single(single) is { } only) return Compare(gold, only);
            if (given is SequenceNode parts && Compound(parts) is { } whole) return InEither(whole, unit => Quantities(gold, unit));
            // "7/10, or 70%" says one value twice.
            return given is SequenceNode { IsList: true } again && again.Items.All(IsScalar) && again.Items.All(item => Compare(gold, item).IsEqual) ? Comparison.Of(true, "list") : NotAlike(gold, given);
        }
        if (given is not SequenceNode b) return Single(a) is { } item ? Compare(item, given) : IsScalar(given) && Compound(a) is { } total ? InEither(total, unit => Quantities(unit, given)) : NotAlike(gold, given);
        if (a.IsList && b.IsList || a.IsSet && b.IsSet || a.IsList && b.IsSet || a.IsSet && b.IsList) return Unordered(a, b);
        if (a.IsSet || b.IsSet) return Comparison.Of(false, "brackets");
        if (a.IsList && a.Connective == Connective.Or || b.IsList && b.Connective == Connective.Or) return Comparison.Of(false, "brackets"); // 3 or -3 is no pair
        if (a.IsList || b.IsList) return Ordered(Values(a), Values(b), "tuple");
        if (!SameBrackets(a, b)) return Comparison.Of(false, "brackets");
        return Ordered(a.Items, b.Items, a.Open == Bracket.Round || a.Open == Bracket.Angle ? "tuple" : "interval");
    }

    private static Comparison NotAlike(Node gold, Node given) => new(gold is TextNode || given is TextNode ? Equality.Unknown : Equality.Different, "list");

    // A value without unit may be meant in the larger unit as well as in the smaller.
    private static Comparison InEither((QuantityNode Large, QuantityNode Small) value, Func<QuantityNode, Comparison> compare) => compare(value.Large) is { IsEqual: true } equal ? equal : compare(value.Small);

    // 1 hour and 30 minutes: every part of the same dimension, the next one in a smaller unit.
    private static (QuantityNode Large, QuantityNode Small)? Compound(SequenceNode sequence)
    {
        if (!sequence.IsList || sequence.Items.Count < 2 || sequence.Connective is not (Connective.And or Connective.Comma)) return null;
        BigRational total = 0, factor = 0;
        string? dimension = null, largest = null, smallest = null;
        BigRational most = 1;
        foreach (Node item in sequence.Items)
        {
            if (Parted(item) is not (NumberNode { Value.Sign: >= 0 } value, { Length: > 0 } name) || Answers.Units.Find(name) is not { } found) return null;
            if (dimension is not null && (dimension != found.Dimension || found.Factor >= factor)) return null;
            if (largest is null) (largest, most) = (name, found.Factor);
            (dimension, factor, smallest) = (found.Dimension, found.Factor, name);
            total += value.Value * factor;
        }
        return (new QuantityNode(new NumberNode(total / most), largest!), new QuantityNode(new NumberNode(total / factor), smallest!));
    }

    private static Node? Single(SequenceNode sequence) => sequence.Items.Count == 1 && sequence.Open is Bracket.Curly or Bracket.Square ? sequence.Items[0] : null;

    private static bool SameBrackets(SequenceNode a, SequenceNode b) => a.Open == b.Open && a.Close == b.Close
        || a.Open is Bracket.Round or Bracket.Angle && b.Open is Bracket.Round or Bracket.Angle && a.Close is Bracket.Round or Bracket.Angle && b.Close is Bracket.Round or Bracket.Angle;

    private Comparison Ordered(IReadOnlyList<Node> gold, IReadOnlyList<Node> given, string rule) =>
        gold.Count != given.Count ? Comparison.Of(false, rule) : Comparison.All(rule, gold.Zip(given).Select(pair => Compare(pair.First, pair.Second)));

    private Comparison Unordered(SequenceNode a, SequenceNode b)
    {
        // x = 1, 2 names only its first value; of x = 1, y = 2 the names are the order.
        IReadOnlyList<Node> left = Values(a), right = Values(b);
        bool isNamed = !ReferenceEquals(left, a.Items) || !ReferenceEquals(right, b.Items);
        (List<string>? names, List<string>? others) = isNamed ? (NamesOf(a), NamesOf(b)) : (null, null);
        if (names is null != others is null && (names ?? others)!.Distinct().Count() > 1) return Ordered(left, right, "list");
        Comparison plain = Matching(a.IsSet ? "set" : "list", a.Items, b.Items);
        if (plain.IsEqual || !isNamed || names is not null && others is not null && !names.SequenceEqual(others)) return plain;
        return Matching("list", left, right);
    }

    // Every item of one has an equal among the other's, and the other way round: order and repetition do not count.
    private Comparison Matching(string rule, IReadOnlyList<Node> a, IReadOnlyList<Node> b)
    {
        if (a.All(item => item is NumberNode) && b.All(item => item is NumberNode))
            return Comparison.Of(a.Select(item => ((NumberNode)item).Value).ToHashSet().SetEquals(b.Select(item => ((NumberNode)item).Value)), rule);
        if (a.Count == b.Count && a.Count > 4 && Ordered(a, b, rule) is { IsEqual: true } inOrder) return inOrder;
        var matched = new bool[b.Count];
        bool unknown = false;
        foreach (Node item in a)
        {
            bool found = false;
            for (int j = 0; j < b.Count; j++)
            {
                Comparison pair = Compare(item, b[j]);
                if (pair.IsEqual) found = matched[j] = true;
                unknown |= pair.Equality == Equality.Unknown;
            }
            if (!found) return new Comparison(unknown ? Equality.Unknown : Equality.Different, rule);
        }
        return Array.TrueForAll(matched, match => match) ? Comparison.Of(true, rule) : new Comparison(unknown ? Equality.Unknown : Equality.Different, rule);
    }

    // The values without the names that stand before them; the same list when there are none.
    private IReadOnlyList<Node> Values(SequenceNode sequence)
    {
        if (!sequence.Items.Any(item => item is RelationNode)) return sequence.Items;
        var named = sequence.Items.Select(item => (Item: item, Named: NamedValue(item))).ToList();
        // Of x and y, of a, b and c everybody knows the order, in whatever order they are told.
        if (named.All(item => item.Named is { Name.Length: 1 }))
        {
            string names = string.Concat(named.Select(item => item.Named!.Value.Name).Order(StringComparer.Ordinal));
            if (Enumerable.Range(1, names.Length - 1).All(i => names[i] == names[i - 1] + 1)) named.Sort((a, b) => a.Named!.Value.Name[0] - b.Named!.Value.Name[0]);
        }
        return [.. named.Select(item => item.Named is { } value ? value.Value : item.Item)];
    }

    private List<string>? NamesOf(SequenceNode sequence)
    {
        var names = new List<string>();
        foreach (Node item in sequence.Items)
            if (NamedValue(item) is { } named) names.Add(named.Name);
        return names.Count == 0 ? null : names;
    }
}
