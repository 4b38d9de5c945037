using Distill.Curation.Duplicates;
using Distill.Curation.Text;
using Distill.Runs;
using Xunit;

namespace Distill.Tests.Curation;

public sealed class NearDuplicatesTests
{
    // 1 - (1 - s^8)^14 at the Jaccard similarity s, confirmed by a sketch: the curve of the parameters, not of our output.
    [Theory]
    [InlineData(0.9, 0.98, 1)]
    [InlineData(0.8, 0.87, 0.95)]
    [InlineData(0.5, 0, 0.06)]
    [InlineData(0.2, 0, 0.005)]
    public void PairsAreFoundAsOftenAsTheParametersSay(double similarity, double least, double most)
    {
        const int Pairs = 600, Shingles = 100;
        var random = new RandomStream(8);
        var near = new NearDuplicates(0.7);
        int shared = (int)Math.Round(2 * Shingles * similarity / (1 + similarity)), next = 0;
        for (int pair = 0; pair < Pairs; pair++)
        {
            // A head in common and two tails of their own: shingles that hold a word of a tail are not shared.
            string[] head = Words(shared + MinHash.ShingleWords - 1);
            near.Add(Signature.Of(PromptText.Of(string.Join(' ', head.Concat(Words(Shingles - shared))))), 0);
            near.Add(Signature.Of(PromptText.Of(string.Join(' ', head.Concat(Words(Shingles - shared))))), 0);
        }
        near.Group();
        int found = Enumerable.Range(0, Pairs).Count(pair => near.GroupOf(2 * pair) == near.GroupOf((2 * pair) + 1));
        Assert.InRange(found / (double)Pairs, least, most);
        Assert.All(Enumerable.Range(0, Pairs), pair => Assert.Equal(2 * pair, near.GroupOf(2 * pair))); // unrelated pairs stay apart

        string[] Words(int count) => [.. Enumerable.Range(0, count).Select(_ => $"w{char.ConvertFromUtf32('a' + random.Next(0, 25))}x{next++}")];
    }

    [Fact]
    public void SimilarityIsEstimatedFromSketches()
    {
        string text = string.Join(' ', Enumerable.Range(0, 204).Select(i => $"word{i}"));
        string other = string.Join(' ', Enumerable.Range(0, 204).Select(i => i < 104 ? $"word{i}" : $"other{i}"));
        Signature a = Signature.Of(PromptText.Of(text)), b = Signature.Of(PromptText.Of(other));
        Assert.Equal(1, MinHash.Similarity(a.Sketch, Signature.Of(PromptText.Of(text.ToUpperInvariant())).Sketch));
        Assert.InRange(MinHash.Similarity(a.Sketch, b.Sketch), 0.15, 0.55); // 100 of 300 shingles
    }

    [Fact]
    public void ProblemsWithDifferentAnswersAreDifferentProblems()
    {
        string text = string.Join(' ', Enumerable.Range(0, 80).Select(i => $"word{i}"));
        var near = new NearDuplicates(0.7);
        foreach (ulong answer in new ulong[] { 5, 7, 0, 5 }) near.Add(Signature.Of(PromptText.Of(text + " " + answer)), answer);
        near.Group();
        Assert.Equal(near.GroupOf(0), near.GroupOf(3));
        Assert.Equal(near.GroupOf(0), near.GroupOf(2));
        var two = new NearDuplicates(0.7);
        foreach (ulong answer in new ulong[] { 5, 7 }) two.Add(Signature.Of(PromptText.Of(text)), answer);
        two.Group();
        Assert.NotEqual(two.GroupOf(0), two.GroupOf(1));
    }

    [Fact]
    public void ShortAndEmptyTextsAreOnlyLikeThemselves()
    {
        var near = new NearDuplicates(0.7);
        foreach (string text in new[] { "Compute 2+3.", "Compute 2+4.", "Compute 2*3.", "?", "!", "compute  2 + 3" }) near.Add(Signature.Of(PromptText.Of(text)), 0);
        near.Group();
        Assert.Equal([0, 1, 2, 3, 4, 0], Enumerable.Range(0, 6).Select(near.GroupOf));
    }

    [Fact]
    public void ADiverseChoiceTakesWhatIsUnlikeTheRest()
    {
        string[] texts = [.. "abcd".Select(kind => string.Join(' ', Enumerable.Range(0, 120).Select(i => $"{kind}{i * i}")))];
        (int, byte[])[] candidates = [.. new[] { 0, 0, 1, 0, 2, 1, 3 }.Select((kind, row) => (row, DiverseChoice.Sketch(texts[kind])))];
        Assert.Equal([0, 2, 4, 6], DiverseChoice.Choose(candidates, 4));
        Assert.Equal(7, DiverseChoice.Choose(candidates, 9).Count);
    }
}
