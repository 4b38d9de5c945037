using System.Text;
using Distill.Chat;
using Xunit;

namespace Distill.Tests.Chat;

public sealed class CompletionQualityTests
{
    private static readonly Message[] English = [new(MessageRole.User, "What is 2+2?")];

    [Theory]
    [InlineData(1, 3000)]
    [InlineData(2, 3000)]
    [InlineData(31, 3000)]
    [InlineData(500, 5000)]
    [InlineData(1900, 16_000)]
    public void APassageAgainAndAgainIsALoop(int period, int length)
    {
        string passage = Varied(period), text = Varied(4000) + string.Concat(Enumerable.Repeat(passage, (length / period) + 1));
        Assert.True(Repetition.EndsInLoop(Encoding.UTF8.GetBytes(text)));
        Assert.False(Repetition.EndsInLoop(Encoding.UTF8.GetBytes(text + "and so it ends.")));
    }

    [Fact]
    public void TablesListsAndShortRepetitionsAreNone()
    {
        string table = string.Concat(Enumerable.Range(1, 400).Select(i => $"17*{i}={17 * i}\n"));
        string steps = string.Concat(Enumerable.Range(1, 200).Select(i => $"Step {i}: multiply by 2 and add 1, which gives {(2 * i) + 1}. "));
        string thrice = Varied(3000) + string.Concat(Enumerable.Repeat(Varied(700), 3));
        foreach (string text in new[] { table, steps, thrice, Varied(20_000), "", new string('a', 2000) })
            Assert.False(Repetition.EndsInLoop(Encoding.UTF8.GetBytes(text)));
    }

    [Theory]
    [InlineData("What is 2+2?", "Let me see, 我们需要计算二加二等于多少这个问题其实非常简单", true)]
    [InlineData("二加二等于多少?", "我们需要计算二加二等于多少这个问题其实非常简单", false)]
    [InlineData("二加二等于多少?", "We need to add two and two, which is rather simple, and so the answer is four.", false)]
    [InlineData("東京の人口は?", "これは簡単な問題です。東京都の人口統計を考慮すると一千四百万人です。", false)]
    [InlineData("What is 2+2?", "With α, β and γ: ∑ αᵢβᵢ = γ, and naïvely Ω ≥ 4, as Gauß said in Königsberg.", false)]
    [InlineData("What is 2+2?", "Сначала сложим два и два, потом проверим ответ.", true)]
    [InlineData("Translate кот.", "The word кот means cat; собака means dog.", false)]
    public void AStretchInAScriptThatThePromptDoesNotUseIsMixing(string prompt, string text, bool mixed) =>
        Assert.Equal(mixed, ScriptMixing.IsMixed([new(MessageRole.User, prompt)], text));

    [Fact]
    public void AWordOfAnotherScriptInALongTextIsNone() =>
        Assert.False(ScriptMixing.IsMixed(English, Varied(5000) + " 你好 " + Varied(5000)));

    [Fact]
    public void WhatATextUnderWayCannotLeaveIsToldEarly()
    {
        string chinese = string.Concat(Enumerable.Repeat("我们需要计算二加二等于多少这个问题其实非常简单", 3));
        EndState? Judge(string text, bool rejectMixing = true) => CompletionQuality.JudgeUnderWay(English, Encoding.UTF8.GetBytes(text), rejectMixing);
        Assert.Null(Judge(chinese)); // what follows may make it a twentieth of a thousand letters
        Assert.Equal(EndState.LanguageMixed, Judge(chinese + Letters(1000)));
        Assert.Null(Judge(chinese + Letters(1000), rejectMixing: false));
        Assert.Null(Judge(Letters(1000) + Varied(1200)));
        Assert.Equal(EndState.Loop, Judge(chinese + string.Concat(Enumerable.Repeat("Wait, let me check that again. ", 100)), rejectMixing: false));
    }

    [Theory]
    [InlineData("<think>\na</think>b", "a", "b", FinishReason.Stop, false, EndState.Complete)]
    [InlineData("plain answer", "", "plain answer", FinishReason.Stop, false, EndState.Complete)]
    [InlineData("\n</think>\n\nb", "", "b", FinishReason.Stop, false, EndState.EmptyThink)]
    [InlineData("a", "a", "", FinishReason.Stop, true, EndState.UnclosedThink)]
    [InlineData("a", "a", "", FinishReason.Length, true, EndState.Truncated)]
    [InlineData("a", "a", "", FinishReason.Error, true, EndState.Failed)]
    public void NamesTheState(string raw, string reasoning, string answer, FinishReason finish, bool unclosed, EndState expected) =>
        Assert.Equal(expected, CompletionQuality.Judge(English, new Completion
        {
            RawText = raw,
            Reasoning = reasoning,
            Answer = answer,
            ReasoningUnclosed = unclosed,
            FinishReason = finish,
            PromptTokens = 1,
            CompletionTokens = 1,
        }));

    private static string Letters(int count) => string.Concat(Varied(20 * count).Where(char.IsLetter).Take(count));

    // No stretch of it comes twice.
    private static string Varied(int length)
    {
        var text = new StringBuilder();
        for (int i = 0; text.Length < length; i++) text.Append((char)('a' + (i % 26))).Append(i * 7919 % 100_003);
        return text.ToString(0, length);
    }
}
