using Distill.Verification.Latex;

namespace Distill.Verification.Answers;

/// <summary>An interval; a null end is infinite.</summary>
internal readonly record struct Interval(Node? Low, bool LowClosed, Node? High, bool HighClosed)
{
    public static Interval All => new(null, false, null, false);

    public static Interval Point(Node value) => new(value, true, value, true);
}

/// <summary>A set of real numbers: disjoint intervals from left to right.</summary>
internal sealed record RealSet(IReadOnlyList<Interval> Intervals)
{
    public static RealSet Empty { get; } = new([]);

    public static RealSet All { get; } = new([Interval.All]);

    public static RealSet Of(Interval interval) => new([interval]);
}
