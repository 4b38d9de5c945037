using System.Numerics;
using Distill.Verification.Latex;
using Distill.Verification.Mathematics;

namespace Distill.Verification.Answers;

/// <summary>
/// Sets of real numbers, whether written as intervals, inequalities or set-builders, in one normal form. Where ends cannot be put in
/// order the set has none.
/// </summary>
internal sealed partial class RealSets(ScalarEquivalence scalars, WorkBudget budget)
{
    private const int MostWholeNumbers = 200;

    private bool _failed;

    /// <summary>The variable that the inequalities were about, if any.</summary>
    public string? Variable { get; private set; }

    /// <summary>Whether either answer is a set of real numbers for certain; (1, 2) alone may be a pair.</summary>
    public static bool AreMeant(Node a, Node b) => IsMeant(a) || IsMeant(b);

    private static bool IsMeant(Node node) => node switch
    {
        SetOperationNode or SetBuilderNode or NumberSetNode => true,
        RelationNode relation => relation.Signs.Any(sign => sign is "<" or ">" or "<=" or ">=" or "!=") || relation.Signs is ["in" or "notin"] && (relation.Operands[1] is SequenceNode { IsSet: false } || IsMeant(relation.Operands[1])),
        SequenceNode { IsList: true } list => list.Items.Any(IsMeant),
        SequenceNode { Items.Count: 2 } sequence => sequence.Open != sequence.Close && !sequence.IsSet || sequence.Outward || sequence.Items.Any(IsInfinite) && !sequence.IsSet,
        _ => false,
    };

    private static bool IsInfinite(Node node) => node is SymbolNode { Name: "infinity" } or NegativeNode { Operand: SymbolNode { Name: "infinity" } };

    /// <summary>The set, or null when the answer is none or cannot be put in order.</summary>
    public RealSet? Read(Node node)
    {
        RealSet? set = Set(node);
        return _failed ? null : set;
    }

    /// <summary>Whether two sets are the same; null when some ends cannot be compared.</summary>
    public bool? AreEqual(RealSet a, RealSet b)
    {
        if (a.Intervals.Count != b.Intervals.Count) return false;
        for (int i = 0; i < a.Intervals.Count; i++)
        {
            Interval x = a.Intervals[i], y = b.Intervals[i];
            if (x.LowClosed != y.LowClosed || x.HighClosed != y.HighClosed || x.Low is null != y.Low is null || x.High is null != y.High is null) return false;
            if (x.Low is not null && Order(x.Low, y.Low!) != 0 || x.High is not null && Order(x.High, y.High!) != 0) return _failed ? null : false;
        }
        return _failed ? null : true;
    }

    private RealSet? Set(Node node) => node switch
    {
        NumberSetNode { Name: "R" } => RealSet.All,
        NumberSetNode { Name: "R+" or "R_>0" or "R^+" } => RealSet.Of(new Interval(new NumberNode(0), false, null, false)),
        NumberSetNode { Name: "R-" or "R_<0" } => RealSet.Of(new Interval(null, false, new NumberNode(0), false)),
        NumberSetNode { Name: "R_>=0" } => RealSet.Of(new Interval(new NumberNode(0), true, null, false)),
        SequenceNode { IsSet: true } set => Points(set),
        SequenceNode { IsList: true } list => List(list),
        SequenceNode { Items.Count: 2 } interval => OfInterval(interval),
        SetOperationNode operation => Operation(operation),
        SetBuilderNode builder => Builder(builder),
        RelationNode relation => Relation(relation),
        _ => null,
    };

    private RealSet? Points(SequenceNode set)
    {
        if (!set.Items.All(item => AnswerComparison.IsScalar(item) && SymbolUse.Of(item).IsConstant)) return null;
        return Union([.. set.Items.Select(Interval.Point)]);
    }

    private RealSet? OfInterval(SequenceNode sequence)
    {
        Node low = sequence.Items[0], high = sequence.Items[1];
        bool below = low is NegativeNode && IsInfinite(low), above = high is SymbolNode && IsInfinite(high);
        if (IsInfinite(low) && !below || IsInfinite(high) && !above || !AnswerComparison.IsScalar(low) || !AnswerComparison.IsScalar(high)) return null;
        if (below && sequence.Open == Bracket.Square && !sequence.Outward || above && sequence.Close == Bracket.Square && !sequence.Outward) return null; // infinity is never reached
        if (!below && !SymbolUse.Of(low).IsConstant || !above && !SymbolUse.Of(high).IsConstant) return null;
        var interval = new Interval(below ? null : low, !below && sequence.Open == Bracket.Square, above ? null : high, !above && sequence.Close == Bracket.Square);
        return !below && !above && Order(low, high) > 0 ? null : Union([interval]);
    }

    private RealSet? Operation(SetOperationNode operation)
    {
        if (operation.Operator == "∪")
        {
            var intervals = new List<Interval>();
            return Gather(operation, intervals) ? Union(intervals) : null;
        }
        if (operation is { Operator: "∩", Right: NumberSetNode { Name: "Z" or "N" } }) return Set(operation.Left) is { } among ? WholeNumbers(among, operation.Right) : null;
        if (Set(operation.Left) is not { } left || Set(operation.Right) is not { } right) return null;
        return Intersection(left, operation.Operator == "∩" ? right : Complement(right));
    }

    // The whole numbers of a bounded set.
    private RealSet? WholeNumbers(RealSet set, Node kind)
    {
        var points = new List<Interval>();
        foreach (Interval interval in set.Intervals)
        {
            if (interval.Low is null || interval.High is null || scalars.RationalValue(interval.Low) is not { } low || scalars.RationalValue(interval.High) is not { } high) return null;
            if (high - low > MostWholeNumbers) return null;
            for (BigInteger n = low.Floor(); high >= n; n++)
            {
                BigRational value = n;
                if (value < low || value == low && !interval.LowClosed || value == high && !interval.HighClosed || kind is NumberSetNode { Name: "N" } && n.Sign < 0) continue;
                points.Add(Interval.Point(new NumberNode(value)));
            }
        }
        return Union(points);
    }

    // A chain of unions is sorted once.
    private bool Gather(Node node, List<Interval> intervals)
    {
        while (node is SetOperationNode { Operator: "∪" } union)
        {
            if (Set(union.Right) is not { } right) return false;
            intervals.AddRange(right.Intervals);
            node = union.Left;
        }
        if (Set(node) is not { } left) return false;
        intervals.AddRange(left.Intervals);
        return true;
    }

    private RealSet? Builder(SetBuilderNode builder)
    {
        RealSet domain = RealSet.All;
        Node element = builder.Element;
        if (element is RelationNode { Signs: ["in"] } typed)
        {
            if (typed.Operands[0] is SymbolNode whole && typed.Operands[1] is NumberSetNode { Name: "Z" or "N" } && Variable is null)
            {
                RealSet? among = Set(builder.Condition);
                Variable = Variable == whole.Name ? null : Variable;
                return among is null ? null : WholeNumbers(among, typed.Operands[1]);
            }
            if (Set(typed.Operands[1]) is not { } set) return null;
            (element, domain) = (typed.Operands[0], set);
        }
        if (element is not SymbolNode symbol || Set(builder.Condition) is not { } condition || Variable is not null && Variable != symbol.Name) return null;
        Variable = null; // a bound variable has no name to the outside
        return Intersection(condition, domain);
    }

    // Inequalities that "and" joins, or "or"; a comma is "and" unless nothing would be left. Of single values no two hold at once.
    private RealSet? List(SequenceNode list)
    {
        var sets = new List<RealSet>();
        foreach (Node item in list.Items)
        {
            // x ≠ 0, 1
            Node full = sets.Count > 0 && AnswerComparison.IsScalar(item) && list.Items[0] is RelationNode { Signs: ["!="], Operands: [{ } name, _] } ? new RelationNode([name, item], ["!="]) : item;
            if (Set(full) is not { } set) return null;
            sets.Add(set);
        }
        bool relations = list.Items.All(item => item is RelationNode) || list.Items[0] is RelationNode { Signs: ["!="] };
        RealSet all = Union([.. sets.SelectMany(set => set.Intervals)]);
        if (list.Connective == Connective.Or || !relations) return all;
        RealSet both = sets.Aggregate(Intersection);
        bool either = list.Connective != Connective.And || list.Items.All(item => item is RelationNode { IsEquation: true });
        return both.Intervals.Count == 0 && either ? all : both;
    }

    public RealSet Union(List<Interval> intervals)
    {
        intervals.Sort((a, b) => a.Low is null ? b.Low is null ? 0 : -1 : b.Low is null ? 1 : Order(a.Low, b.Low) is var order && order != 0 ? order : b.LowClosed.CompareTo(a.LowClosed));
        var merged = new List<Interval>();
        foreach (Interval interval in intervals)
        {
            if (IsEmpty(interval)) continue;
            if (merged.Count > 0 && Touches(merged[^1], interval)) merged[^1] = Joined(merged[^1], interval);
            else merged.Add(interval);
        }
        return new RealSet(merged);
    }

    private bool IsEmpty(Interval interval) => interval is { Low: { } low, High: { } high } && Order(low, high) is var order && (order > 0 || order == 0 && !(interval.LowClosed && interval.HighClosed));

    private bool Touches(Interval left, Interval right)
    {
        if (left.High is null || right.Low is null) return true;
        int order = Order(right.Low, left.High);
        return order < 0 || order == 0 && (left.HighClosed || right.LowClosed);
    }

    private Interval Joined(Interval left, Interval right)
    {
        if (left.High is null || right.High is null) return left with { High = null, HighClosed = false };
        int order = Order(left.High, right.High);
        return order > 0 ? left : order < 0 ? left with { High = right.High, HighClosed = right.HighClosed } : left with { HighClosed = left.HighClosed || right.HighClosed };
    }

    public RealSet Intersection(RealSet a, RealSet b)
    {
        var parts = new List<Interval>();
        foreach (Interval x in a.Intervals)
        {
            foreach (Interval y in b.Intervals)
            {
                (Node? low, bool lowClosed) = Later(x.Low, x.LowClosed, y.Low, y.LowClosed, 1);
                (Node? high, bool highClosed) = Later(x.High, x.HighClosed, y.High, y.HighClosed, -1);
                parts.Add(new Interval(low, lowClosed, high, highClosed));
            }
        }
        return Union(parts);
    }

    private (Node? End, bool Closed) Later(Node? a, bool aClosed, Node? b, bool bClosed, int direction)
    {
        if (a is null) return (b, bClosed);
        if (b is null) return (a, aClosed);
        int order = Order(a, b) * direction;
        return order > 0 ? (a, aClosed) : order < 0 ? (b, bClosed) : (a, aClosed && bClosed);
    }

    public RealSet Complement(RealSet set)
    {
        var gaps = new List<Interval>();
        Node? low = null;
        bool closed = false, open = true;
        foreach (Interval interval in set.Intervals)
        {
            if (interval.Low is not null) gaps.Add(new Interval(low, closed, interval.Low, !interval.LowClosed));
            (low, closed) = (interval.High, !interval.HighClosed);
            open = interval.High is not null;
        }
        if (open) gaps.Add(new Interval(low, low is not null && closed, null, false));
        return Union(gaps);
    }

    private int Order(Node a, Node b)
    {
        budget.Charge(20);
        if (ReferenceEquals(a, b)) return 0;
        if (a is NumberNode x && b is NumberNode y) return x.Value.CompareTo(y.Value);
        if (SymbolUse.Of(a, b).IsConstant && scalars.Order(a, b) is { } order) return order;
        _failed = true;
        return 0;
    }
}
