using Distill.Chat;
using Xunit;

namespace Distill.Tests.Chat;

public sealed class ReasoningSplitTests
{
    [Theory]
    [InlineData("2+2 is 4\n</think>\n\n4", true, "2+2 is 4", "4", false)]
    [InlineData("<think>\n2+2 is 4\n</think>\n\n4", false, "2+2 is 4", "4", false)]
    [InlineData("<think>\n2+2 is 4\n</think>\n\n4", true, "2+2 is 4", "4", false)] // a server repeats the prefilled tag
    [InlineData("2+2 is 4\n</think>\n\n4", false, "2+2 is 4", "4", false)] // only the closing tag arrives
    [InlineData("Sure. <think>a</think>b", false, "a", "b", false)]
    [InlineData("a</think>b</think>c", true, "a</think>b", "c", false)] // the last closing tag counts
    [InlineData("the tag <think> opens it</think>c", true, "the tag <think> opens it", "c", false)]
    [InlineData("\n</think>\n\n4", true, "", "4", false)]
    [InlineData("so \\boxed{5}, no", true, "so \\boxed{5}, no", "", true)]
    [InlineData("<think>so \\boxed{5}, no", false, "so \\boxed{5}, no", "", true)]
    [InlineData("  just 4 ", false, "", "just 4", false)]
    [InlineData("", true, "", "", true)]
    [InlineData("", false, "", "", false)]
    public void TakesTextApart(string text, bool startsInReasoning, string reasoning, string answer, bool unclosed) =>
        Assert.Equal(new ReasoningParts(reasoning, answer, unclosed), ReasoningSplit.Split(text, startsInReasoning));

    [Theory]
    [InlineData("4", "2+2 is 4", true, "2+2 is 4", "4", false)]
    [InlineData("4", "<think>\n2+2 is 4\n</think>", true, "2+2 is 4", "4", false)]
    [InlineData(null, "2+2 is", true, "2+2 is", "", true)]
    [InlineData("", "2+2 is", false, "2+2 is", "", true)]
    [InlineData("more</think>4", "2+2 is", true, "2+2 is\nmore", "4", false)]
    [InlineData("a</think>4", null, true, "a", "4", false)]
    [InlineData("half a thought", "", true, "half a thought", "", true)]
    [InlineData("4", null, false, "", "4", false)]
    public void TakesServerFieldsApart(string? content, string? separate, bool startsInReasoning, string reasoning, string answer, bool unclosed) =>
        Assert.Equal(new ReasoningParts(reasoning, answer, unclosed), ReasoningSplit.Split(content, separate, startsInReasoning));

    [Theory]
    [InlineData("first\nthen", "\\boxed{4}", true, "first\nthen\n</think>\n\n\\boxed{4}")]
    [InlineData("first\nthen", "\\boxed{4}", false, "<think>\nfirst\nthen\n</think>\n\n\\boxed{4}")]
    [InlineData("", "4", true, "\n</think>\n\n4")]
    [InlineData("", "4", false, "4")]
    [InlineData(" padded ", "\n4\n", true, "padded\n</think>\n\n4")]
    public void JoinsToWhatSplitTakesApart(string reasoning, string answer, bool startsInReasoning, string text)
    {
        Assert.Equal(text, ReasoningSplit.Join(reasoning, answer, startsInReasoning));
        Assert.Equal(new ReasoningParts(reasoning.Trim(), answer.Trim(), false), ReasoningSplit.Split(text, startsInReasoning));
    }
}
