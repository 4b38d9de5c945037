namespace Distill.Tests.Verification;

/// <summary>All labelled pairs, made anew from a fixed seed.</summary>
public static class LabelledPairs
{
    /// <summary>The pairs without repetitions, in a fixed order.</summary>
    public static IReadOnlyList<LabelledPair> All()
    {
        var list = new PairList();
        NumberPairs.AddTo(list);
        ExpressionPairs.AddTo(list);
        StructurePairs.AddTo(list);
        ExtractionPairs.AddTo(list);
        WrittenPairs.AddTo(list);
        return [.. list.Pairs.Distinct()];
    }
}
