using System.Text.Json;
using Distill.Prompts;
using Distill.Tests.Verification.Code;
using Distill.Verification;
using Xunit;

namespace Distill.Tests.Verification;

/// <summary>Scores are worked out from the paper's definition.</summary>
public sealed class DropVerifierTests
{
    [Theory]
    [InlineData("2", "2", true, 1)]
    [InlineData("2", "2.0", true, 1)]
    [InlineData("1000", "1,000", true, 1)]
    [InlineData("38-yard", "38 yard", true, 1)]
    [InlineData("the Chiefs", "Chiefs!", true, 1)]
    [InlineData("2", "2 years", false, 0.67)] // precision 1/2, recall 1
    [InlineData("the Kansas City Chiefs", "Kansas City", false, 0.8)] // precision 1, recall 2/3
    [InlineData("3 apples", "4 apples", false, 0)] // its number is missed
    [InlineData("Philip Rivers", "Peyton Manning", false, 0)]
    [InlineData("Alice;Bob Smith", "Bob;Alice", false, 0.83)] // (1 + 2/3) / 2
    [InlineData("Alice;Bob", "Bob;Alice", true, 1)]
    [InlineData("x", "x;y", false, 0.5)]
    [InlineData("red car;red bus", "red bus;blue", false, 0.5)] // the best assignment, not the first
    public void ScoresAreThoseOfTheDefinition(string reference, string predicted, bool exact, double f1) =>
        Assert.Equal(new DropScore(exact, f1), DropScore.Of(reference.Split(';'), predicted.Split(';')));

    [Fact]
    public void TheBestAssignmentIsFound()
    {
        string[] gold = ["p q", "p r", "p s"], given = ["p", "p s", "p q r"];

        // p~p r 2/3, p s~p s 1, p q r~p q 4/5
        Assert.Equal(Math.Round((2.0 / 3 + 1 + 0.8) / 3, 2), DropScore.Of(gold, given).F1);
    }

    [Theory]
    [InlineData("""{"answers_spans":{"spans":["38-yard"],"types":["span"]}}""", "The answer is 38 yard.", Outcome.Correct, "exact_match")]
    [InlineData("""{"answers_spans":{"spans":["Rivers","Tomlinson"],"types":["span","span"]}}""", "Answer: Tomlinson and Rivers", Outcome.Correct, "exact_match")]
    [InlineData("""{"answers_spans":{"spans":["Rivers","Tomlinson"],"types":["span","span"]}}""", "Answer: Tomlinson", Outcome.Incorrect, "partial_match")]
    [InlineData("""{"answers_spans":{"spans":["6"],"types":["number"]},"validated_answers":[{"number":"7","date":{},"spans":[]}]}""", "\\boxed{7}", Outcome.Correct, "exact_match")]
    [InlineData("""{"answers_spans":{"spans":["6"],"types":["number"]}}""", "\\boxed{8}", Outcome.Incorrect, "no_match")]
    public void ARowsAnswersDecide(string tests, string answer, Outcome outcome, string reason)
    {
        Verdict verdict = Verifiers.Create(["auto"]).Verify(Prompt.FromUser("Q", null) with { Tests = tests }, Programs.Completion(answer));

        Assert.Equal((outcome, reason, "drop/1"), (verdict.Outcome, verdict.Reason, verdict.Verifier));
    }

    [Theory]
    [InlineData("two|2", "Answer: 2", "exact_match")]
    [InlineData("""{"number":"","date":{"day":"4","month":"July","year":"1776"},"spans":[]}""", "4 July 1776", "exact_match")]
    [InlineData("", "4", "no_reference_answer")]
    public void ReferenceAnswersHaveAlternatives(string reference, string answer, string reason) =>
        Assert.Equal(reason, new DropVerifier().Verify(Prompt.FromUser("Q", reference.Length > 0 ? reference : null), Programs.Completion(answer)).Reason);

    [Fact]
    public void EveryAnswerOfTheSampleMatchesItselfAndNoOtherOfItsPassage()
    {
        using JsonDocument sample = JsonDocument.Parse(File.ReadAllText(SharedData.Path("drop", "drop_sample.json")));
        int answers = 0;
        foreach (JsonProperty passage in sample.RootElement.EnumerateObject())
        {
            string[] given = [.. passage.Value.GetProperty("qa_pairs").EnumerateArray().Select(pair => pair.GetProperty("answer").GetRawText())];
            foreach (string reference in given)
            {
                string[] spans = [.. DropVerifier.ReferencesOf(Prompt.FromUser("Q", reference)).Single()];
                foreach (string other in given)
                    Assert.Equal(spans.SequenceEqual(DropVerifier.ReferencesOf(Prompt.FromUser("Q", other)).Single()), DropVerifier.Score(DropVerifier.ReferencesOf(Prompt.FromUser("Q", other)).ToArray(), string.Join(", ", spans)).ExactMatch);
                answers++;
            }
        }
        Assert.Equal(19, answers);
    }
}
