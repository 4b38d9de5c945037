using Distill.Runs;

namespace Distill.Tests.Verification;

/// <summary>Collects labelled pairs. The values behind them are known before they are written down, so the labels need no verifier.</summary>
internal sealed class PairList
{
    private readonly List<LabelledPair> _pairs = [];

    public RandomStream Random { get; } = new(20_26);

    public IReadOnlyList<LabelledPair> Pairs => _pairs;

    /// <summary>Spellings of one value: each matches every other.</summary>
    public void Same(string kind, params ReadOnlySpan<string> spellings)
    {
        for (int i = 1; i < spellings.Length; i++)
        {
            _pairs.Add(new LabelledPair(kind, spellings[0], spellings[i], true));
            _pairs.Add(new LabelledPair(kind, spellings[i], spellings[0], true));
        }
    }

    /// <summary>The first value differs from each of the others, in both directions.</summary>
    public void Different(string kind, string value, params ReadOnlySpan<string> others)
    {
        foreach (string other in others)
        {
            _pairs.Add(new LabelledPair(kind, value, other, false));
            _pairs.Add(new LabelledPair(kind, other, value, false));
        }
    }

    /// <summary>Completions that give the reference answer.</summary>
    public void Right(string kind, string gold, params ReadOnlySpan<string> completions)
    {
        foreach (string completion in completions) _pairs.Add(new LabelledPair(kind, gold, completion, true));
    }

    /// <summary>Completions that do not.</summary>
    public void Wrong(string kind, string gold, params ReadOnlySpan<string> completions)
    {
        foreach (string completion in completions) _pairs.Add(new LabelledPair(kind, gold, completion, false));
    }

    /// <summary>A whole number between two bounds, both included.</summary>
    public int Number(int least, int most) => Random.Next(least, most);

    /// <summary>A whole number that is not 0.</summary>
    public int NonZero(int most) => Random.Next(1, most) * (Random.Next(0, 1) == 0 ? 1 : -1);
}
