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
    [InlineData("a</think>b</think>c", true, "a\n\nb", "c", false)] // the last closing tag counts
    [InlineData("<think>a</think>b\n<think>\nc\n</think>\n\nd", false, "a\n\nb\n\nc", "d", false)] // several blocks become one
    [InlineData("a</think>b\n<think>\nstill thin", true, "a\n\nb\n\nstill thin", "", true)] // cut off in a later block
    [InlineData("a</think>The tag <think> opens it.", true, "a", "The tag <think> opens it.", false)] // a mention, not a block
    [InlineData("the tag <think> opens it</think>c", true, "the tag\n\nopens it", "c", false)]
    [InlineData("a</think>b<think>c</think>d", false, "a\n\nb\n\nc", "d", false)] // the prompt opened the first one, unknown to the caller
    [InlineData("<think></think>4", true, "", "4", false)]
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
    [InlineData("more</think>4", "2+2 is", true, "2+2 is\n\nmore", "4", false)]
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

    /// <summary>Whatever arrives, the parts hold no tags, joining and splitting them changes nothing more, and no answer comes out of unfinished reasoning.</summary>
    [Fact]
    public void EveryTextBecomesOneCanonicalCompletion()
    {
        var random = new Random(11);
        string[] parts = ["<think>", "</think>", "<think>\n", "\n</think>\n\n", "so", "\\boxed{4}", "\n", " ", "<thin", "k>", "</", "answer", "\n<think>\n", "日本"];
        for (int i = 0; i < 50_000; i++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(8)).Select(_ => parts[random.Next(parts.Length)]));
            bool startsInReasoning = random.Next(2) == 0;
            ReasoningParts split = random.Next(3) == 0 ? ReasoningSplit.Split(text, parts[random.Next(parts.Length)], startsInReasoning) : ReasoningSplit.Split(text, startsInReasoning);
            Assert.DoesNotContain("<think>", split.Reasoning);
            Assert.DoesNotContain("</think>", split.Reasoning + split.Answer);
            if (split.Unclosed) Assert.Equal("", split.Answer);
            else if (!split.Answer.Contains("<think>")) Assert.Equal(split, ReasoningSplit.Split(ReasoningSplit.Join(split.Reasoning, split.Answer, startsInReasoning), startsInReasoning));
        }
    }
}
