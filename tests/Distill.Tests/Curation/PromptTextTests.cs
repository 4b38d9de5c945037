using Distill.Curation.Text;
using Xunit;

namespace Distill.Tests.Curation;

public sealed class PromptTextTests
{
    [Theory]
    [InlineData("Compute $x + y$.", "compute x+y")]
    [InlineData("What is \\dfrac{1}{2} \\cdot 3?", "What is \\( \\frac{1}{2} * 3 \\)")]
    [InlineData("**Bold** claim: 1,234 apples", "bold claim  1234 apples")]
    [InlineData("12. Find all primes.", "Find all primes")]
    [InlineData("Problem 12: Find all primes.", "find ALL primes")]
    [InlineData("Q3) Find all primes.", "find ALL primes")]
    [InlineData("Find all primes. Please reason step by step, and put your final answer within \\boxed{}.", "Find all primes")]
    [InlineData("- a well-known fact", "a well known fact")]
    [InlineData("\uFF13\uFF0B\uFF14 = ?", "3+4")]
    [InlineData("求方程的解", "求 方程 的解。")]
    public void TheSameProblemHasTheSameKey(string a, string b) => Assert.Equal(PromptText.Of(a).Key, PromptText.Of(b).Key);

    [Theory]
    [InlineData("x+y", "x-y")]
    [InlineData("2+3", "2*3")]
    [InlineData("1.5", "15")]
    [InlineData("1,2", "12")]
    [InlineData("12 apples fell", "13 apples fell")]
    [InlineData("5 is a prime", "7 is a prime")]
    public void OtherProblemsHaveOtherKeys(string a, string b) => Assert.NotEqual(PromptText.Of(a).Key, PromptText.Of(b).Key);

    [Fact]
    public void SpansAreQuotedFromTheText()
    {
        PromptText text = PromptText.Of("Find  the\nlargest (prime) factor.");
        Assert.Equal("the largest (prime", text.Span(1, 3));
        Assert.Equal(5, text.Words.Length);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\\")]
    [InlineData("\\\\frac\\")]
    [InlineData("+-*/")]
    [InlineData("1,")]
    [InlineData("1.")]
    [InlineData("1.)")]
    [InlineData("\ud800 x \udc00")]
    [InlineData("Problem")]
    [InlineData("Problem 1")]
    public void StrangeTextsAreTexts(string text)
    {
        PromptText read = PromptText.Of(text);
        Assert.Equal(read.Key, PromptText.Of(text).Key);
        if (read.Words.Length > 0) read.Span(0, read.Words.Length - 1);
    }
}
