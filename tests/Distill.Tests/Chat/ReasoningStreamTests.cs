using System.Text;
using Distill.Chat;
using Xunit;

namespace Distill.Tests.Chat;

public sealed class ReasoningStreamTests
{
    private static readonly string[] Parts = ["<think>", "</think>", "so", "<", "</thi", "nk>", "\\boxed{4}", "\n", " ", "日本😀"];

    /// <summary>However a server cuts the text, tags included, the same reasoning and answer come out.</summary>
    [Fact]
    public void PiecesDoNotMatter()
    {
        var random = new Random(7);
        for (int i = 0; i < 20_000; i++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(9)).Select(_ => Parts[random.Next(Parts.Length)]));
            bool startsInReasoning = random.Next(2) == 0;
            Assert.Equal(Show(startsInReasoning, [text]), Show(startsInReasoning, Cut(random, text)));
        }
    }

    /// <summary>One block, as models send it, is taken apart as the finished completion will be.</summary>
    [Theory]
    [InlineData("one and one</think>2", true, "one and one", "2")]
    [InlineData("<think>one and one</think>2", false, "one and one", "2")]
    [InlineData("one and", true, "one and", "")]
    [InlineData("<think>one and</thi", false, "one and</thi", "")]
    [InlineData("just 2 <3", false, "", "just 2 <3")]
    public void TellsReasoningFromAnswer(string text, bool startsInReasoning, string reasoning, string answer)
    {
        Assert.Equal((reasoning, answer), Show(startsInReasoning, [.. text.Select(c => c.ToString())]));
        ReasoningParts whole = ReasoningSplit.Split(text, startsInReasoning);
        Assert.Equal((reasoning, answer), (whole.Reasoning, whole.Answer));
    }

    private static (string Reasoning, string Answer) Show(bool startsInReasoning, IReadOnlyList<string> pieces)
    {
        StringBuilder reasoning = new(), answer = new();
        var stream = new ReasoningStream(startsInReasoning, (text, isReasoning) => (isReasoning ? reasoning : answer).Append(text));
        foreach (string piece in pieces) stream.Append(piece);
        stream.End();
        return (reasoning.ToString(), answer.ToString());
    }

    private static List<string> Cut(Random random, string text)
    {
        var pieces = new List<string>();
        for (int at = 0; at < text.Length;)
        {
            int length = Math.Min(random.Next(4), text.Length - at);
            pieces.Add(text.Substring(at, length));
            at += length;
        }
        return pieces;
    }
}
