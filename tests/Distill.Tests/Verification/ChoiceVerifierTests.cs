using Distill.Prompts;
using Distill.Tests.Verification.Code;
using Distill.Verification;
using Xunit;

namespace Distill.Tests.Verification;

public sealed class ChoiceVerifierTests
{
    private static readonly string[] Planets = ["Mars", "Venus", "59 moons", "None of them"];

    [Theory]
    [InlineData("B", "Answer: B")]
    [InlineData("B", "First I thought so.\n**Answer:** B")]
    [InlineData("B", "Answer: A. No, wait.\nAnswer: $B$")]
    [InlineData("B", "\\boxed{B}")]
    [InlineData("B", "\\boxed{\\text{(B)}}")]
    [InlineData("B", "\\boxed{B. Venus}")]
    [InlineData("B", "\\boxed{\\textbf{(B) }Venus}")]
    [InlineData("B", "The correct option is (B).")]
    [InlineData("B", "The answer is B) Venus")]
    [InlineData("B", "So the answer is Venus.")]
    [InlineData("B", "It is hot.\n(B)")]
    [InlineData("B", "It is hot.\n**B**")]
    [InlineData("B", "```json\n{\"reasoning\": \"A? no\", \"answer\": \"B\"}\n```")]
    [InlineData("Venus", "Answer: B")]
    [InlineData("1", "Answer: B")]
    [InlineData("(B) Venus", "Answer: B")]
    [InlineData("BD", "Answer: B, D")]
    [InlineData("B, D", "\\boxed{D and B}")]
    [InlineData("C", "The answer is 59 moons")]
    public void TheChosenLetterDecides(string reference, string answer) => Assert.Equal((Outcome.Correct, "equal_choice"), Judge(reference, answer));

    [Theory]
    [InlineData("B", "Answer: A", Outcome.Incorrect, "different_choice")]
    [InlineData("B", "Answer: Mars", Outcome.Incorrect, "different_choice")]
    [InlineData("B", "The answer is A or B", Outcome.Incorrect, "several_choices")]
    [InlineData("B", "\\boxed{A, B}", Outcome.Incorrect, "several_choices")]
    [InlineData("BD", "Answer: B", Outcome.Incorrect, "different_choice")]
    [InlineData("B", "A planet is a body that orbits a star.", Outcome.Unverifiable, "no_answer")]
    [InlineData("B", "I do not know", Outcome.Unverifiable, "no_answer")]
    [InlineData("Pluto", "Answer: B", Outcome.Unverifiable, "reference_not_a_choice")]
    [InlineData("7", "Answer: B", Outcome.Unverifiable, "reference_not_a_choice")]
    public void AnotherLetterOrNoneIsNot(string reference, string answer, Outcome outcome, string reason) => Assert.Equal((outcome, reason), Judge(reference, answer));

    [Fact]
    public void OptionsThatCarryTheirLetterAreUnderstood()
    {
        Prompt prompt = Prompt.FromUser("Which?", "C") with { Choices = ["A)21", "B)21.5", "C)22"] };

        Assert.Equal(Outcome.Correct, new ChoiceVerifier().Verify(prompt, Programs.Completion("The answer is 22.")).Outcome);
    }

    private static (Outcome, string) Judge(string reference, string answer)
    {
        Verdict verdict = new ChoiceVerifier().Verify(Prompt.FromUser("Which?", reference) with { Choices = Planets }, Programs.Completion(answer));
        return (verdict.Outcome, verdict.Reason);
    }
}
