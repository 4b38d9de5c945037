using Distill.Chat;
using Distill.Prompts;
using Distill.Runs;
using Distill.Verification;
using Xunit;

namespace Distill.Tests.Verification;

public sealed class MathVerifierTests
{
    private static readonly MathVerifier Verifier = new();

    [Theory]
    [InlineData("1831", "37*46=1702. So \\boxed{1831}", Outcome.Correct, "equal_number")]
    [InlineData("1831", "\\boxed{1831.}", Outcome.Correct, "equal_number")]
    [InlineData("1831", "\\boxed{1830}", Outcome.Incorrect, "different_number")]
    [InlineData("1831", "first \\boxed{5}, then \\boxed{1831}", Outcome.Correct, "equal_number")]
    [InlineData("1831", "first \\boxed{1831}, then \\boxed{5}", Outcome.Incorrect, "different_number")]
    [InlineData("1831", "\\boxed {1831}", Outcome.Correct, "equal_number")]
    [InlineData("1831", "\\fbox{1831}", Outcome.Correct, "equal_number")]
    [InlineData("1831", "\\boxed{\\boxed{1831}}", Outcome.Correct, "equal_number")]
    [InlineData("7", "\\boxed{1831} no: \\boxed{7", Outcome.Unverifiable, "no_answer")]
    [InlineData("1831", "\\boxed{1831} no: \\boxed{7", Outcome.Unverifiable, "no_answer")]
    [InlineData("1831", "\\boxed{}", Outcome.Unverifiable, "no_answer")]
    [InlineData("1831", "5 \\boxed{1831} \\boxed{}", Outcome.Unverifiable, "no_answer")]
    [InlineData("1831", "The answer is 1831.", Outcome.Correct, "equal_number")]
    [InlineData("1831", "**Final answer:** $1{,}831$", Outcome.Correct, "equal_number")]
    [InlineData("1831", "The answer is **1831**. It was easy.", Outcome.Correct, "equal_number")]
    [InlineData("1831", "The answer is 12. No, the answer is 1831", Outcome.Correct, "equal_number")]
    [InlineData("1831", "The answer is not 1831", Outcome.Unverifiable, "no_answer")]
    [InlineData("1831", "It might be 1831, or 12", Outcome.Unverifiable, "no_answer")]
    [InlineData("1831", "1831", Outcome.Correct, "equal_number")]
    [InlineData("1831", "", Outcome.Unverifiable, "no_answer")]
    [InlineData("1831", "\\boxed{x+1}", Outcome.Incorrect, "different_algebra")]
    [InlineData("So \\boxed{12}", "\\boxed{12}", Outcome.Correct, "equal_number")]
    [InlineData("(A)", "\\boxed{\\text{(A)}}", Outcome.Correct, "equal_choice")]
    [InlineData("\\{1, 2\\}", "\\boxed{\\left\\{1,2\\right\\}}", Outcome.Correct, "equal_set")]
    public void TheFinalAnswerDecides(string reference, string answer, Outcome outcome, string reason)
    {
        Verdict verdict = Judge(reference, answer);
        Assert.Equal((outcome, reason, "math/4"), (verdict.Outcome, verdict.Reason, verdict.Verifier));
    }

    private static readonly string[] Numeric = ["equal_number", "equal_percent", "equal_rounding"];

    [Theory]
    [InlineData("1234", "1,234")]
    [InlineData("1234", "1{,}234")]
    [InlineData("1234567", "1\\,234\\,567")]
    [InlineData("1234", "+1234.00")]
    [InlineData("-5", "\u22125")]
    [InlineData("18", "\\$18.00")]
    [InlineData("18", "$18")]
    [InlineData("1/2", "\\frac{1}{2}")]
    [InlineData("1/2", "\\dfrac12")]
    [InlineData("1/2", "0.5")]
    [InlineData("1/2", "\\frac{2}{4}")]
    [InlineData("-1/2", "-\\frac{1}{2}")]
    [InlineData("-1/2", "\\frac{-1}{2}")]
    [InlineData("3/2", "1\\frac12")]
    [InlineData("3/2", "1 1/2")]
    [InlineData("-3/2", "-1\\frac{1}{2}")]
    [InlineData("0.25", "25\\%")]
    [InlineData("25\\%", "25")]
    [InlineData("25", "25 percent")]
    [InlineData("5", "5\\text{ cm}")]
    [InlineData("5", "5 apples")]
    [InlineData("90", "90^\\circ")]
    [InlineData("0.0015", "1.5\\times10^{-3}")]
    [InlineData("2400000", "2.4e6")]
    [InlineData("3\\cdot 10^8", "300000000")]
    [InlineData("1/7", "0.142857142857")]
    [InlineData("42", "\u200b42")]
    [InlineData("5", "005")]
    [InlineData("0.5", ".5")]
    public void NumbersAreTheSameHoweverTheyAreWritten(string reference, string answer)
    {
        Assert.Contains(Judge(reference, $"\\boxed{{{answer}}}").Reason, Numeric);
        if (reference != "1/7") Assert.Contains(Judge(answer, $"\\boxed{{{reference}}}").Reason, Numeric);
    }

    [Theory]
    [InlineData("100000000000000000000", "100000000000000000001")]
    [InlineData("0.0000000000000000000003", "0.0000000000000000000004")]
    [InlineData("1/3", "0.33")]
    [InlineData("1/3", "0.3333334")]
    [InlineData("0.25", "25")]
    [InlineData("1234", "123")]
    [InlineData("5", "-5")]
    [InlineData("3/2", "2/3")]
    [InlineData("3", "3/0.5")]
    public void DifferentNumbersAreIncorrect(string reference, string answer)
    {
        Assert.Equal("different_number", Judge(reference, $"\\boxed{{{answer}}}").Reason);
        Assert.Equal("different_number", Judge(answer, $"\\boxed{{{reference}}}").Reason);
    }

    [Theory]
    [InlineData("1/0", "undecided")]
    [InlineData("1e9999999999", "different_algebra")]
    [InlineData("10^{10^{10}}", "different_numeric")]
    [InlineData("1,23", "different_list")]
    [InlineData("2s", "different_algebra")]
    [InlineData("-", "not_understood")]
    [InlineData("1.2.3", "not_understood")]
    [InlineData("\\frac{1}{}", "not_understood")]
    public void WhatIsNoNumberIsNotGuessed(string answer, string reason) => Assert.Equal(reason, Judge("12", $"\\boxed{{ {answer} }}").Reason);

    [Fact]
    public void WhatIsUnfinishedIsNotJudged()
    {
        Completion completion = Complete("\\boxed{5}");
        Prompt prompt = Prompt.FromUser("?", "5");
        Assert.Equal("truncated", Verifier.Verify(prompt, completion with { FinishReason = FinishReason.Length, Answer = "so we" }).Reason);
        Assert.Equal("equal_number", Verifier.Verify(prompt, completion with { FinishReason = FinishReason.Length }).Reason);
        Assert.Equal("truncated", Verifier.Verify(prompt, completion with { FinishReason = FinishReason.Length, ReasoningUnclosed = true }).Reason);
        Assert.Equal("reasoning_unclosed", Verifier.Verify(prompt, completion with { ReasoningUnclosed = true }).Reason);
        Assert.Equal("engine_error", Verifier.Verify(prompt, completion with { FinishReason = FinishReason.Error }).Reason);
        Assert.Equal("no_answer", Verifier.Verify(prompt, completion with { Answer = "", Reasoning = "\\boxed{5}" }).Reason);
        Assert.Equal("no_reference_answer", Verifier.Verify(prompt with { ReferenceAnswer = null }, completion).Reason);
        Assert.Equal("answer_too_long", Verifier.Verify(prompt, completion with { Answer = $"\\boxed{{{new string('5', 5000)}}}" }).Reason);
    }

    [Fact]
    public void EveryGoldAnswerOfGsm8kMatchesItselfAndNoOther()
    {
        var random = new RandomStream(3);
        string[] golds = [.. PromptReader.Read(SharedData.Path("gsm8k", "train.jsonl")).Concat(PromptReader.Read(SharedData.Path("gsm8k", "test.jsonl")))
            .Select(prompt => prompt.ReferenceAnswer!)];
        Assert.Equal(8792, golds.Length);
        foreach (string gold in golds)
        {
            foreach (string form in new[] { gold, $"${gold}$", $"\\${gold}", $"{gold} dollars", $"{gold}\\text{{ miles}}", $"\\displaystyle {gold}.", gold.Replace(",", "{,}") })
                Assert.True(Judge(gold, $"So \\boxed{{{form}}}.").Outcome == Outcome.Correct, $"{gold} ~ {form}");
            string other = golds[random.Next(0, golds.Length - 1)];
            if (decimal.Parse(other.Replace(",", "")) != decimal.Parse(gold.Replace(",", "")))
                Assert.Equal("different_number", Judge(gold, $"\\boxed{{{other}}}").Reason);
        }
    }

    [Fact]
    public void StrangeTextIsJudgedQuicklyAndNeverThrows()
    {
        string[] pieces = ["\\boxed{", "}", "\\frac", "{", "1", "9", ".", ",", "\\", "-", "e", "^", "answer is ", "\\text{", "%", " ", "/", "$", "\u2009", "\ud83d", "é"];
        var random = new RandomStream(11);
        for (int round = 0; round < 20_000; round++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(1, 30)).Select(_ => pieces[random.Next(0, pieces.Length - 1)]));
            Judge(text, text);
            Judge("1", text);
        }
        Judge("1", string.Concat(Enumerable.Repeat("\\boxed{", 200_000)));
        Judge("1", new string('{', 1_000_000) + "answer is " + new string('9', 1_000_000));
    }

    [Fact]
    public void OtherVerifiersAreMadeByName()
    {
        Prompt prompt = Prompt.FromUser("?", "Blue");
        Assert.Equal((Outcome.Correct, "exact/1"), Pair(Verifiers.Create(["exact"]).Verify(prompt, Complete(" Blue\n"))));
        Assert.Equal((Outcome.Correct, "exact/1"), Pair(Verifiers.Create(["exact"]).Verify(prompt, Complete("\\boxed{Blue}"))));
        Assert.Equal((Outcome.Incorrect, "exact/1"), Pair(Verifiers.Create(["exact"]).Verify(prompt, Complete("blue"))));
        Assert.Equal((Outcome.Unverifiable, "none/1"), Pair(Verifiers.Create(["none"]).Verify(prompt, Complete("Blue"))));
        Assert.Equal("math/4+exact/1", Verifiers.Create(["math", "exact"]).Id);
        Assert.Equal((Outcome.Incorrect, "exact/1"), Pair(Verifiers.Create(["math", "exact"]).Verify(prompt, Complete("Red"))));
        Assert.Equal((Outcome.Incorrect, "math/4"), Pair(Verifiers.Create(["math", "exact"]).Verify(Prompt.FromUser("?", "1"), Complete("2"))));
        var e = Assert.Throws<InputException>(() => Verifiers.Create(["maths"]));
        Assert.Equal(("unknown verifier `maths`", "choose from math, code, choice, exact, regex, json, ifeval, drop, auto, none"), (e.Message, e.Hint));
        Assert.Throws<InputException>(() => Verifiers.Create([]));

        static (Outcome, string) Pair(Verdict verdict) => (verdict.Outcome, verdict.Verifier);
    }

    private static Verdict Judge(string reference, string answer) => Verifier.Verify(Prompt.FromUser("?", reference), Complete(answer));

    private static Completion Complete(string answer) => new()
    {
        RawText = answer,
        Reasoning = "",
        Answer = answer,
        FinishReason = FinishReason.Stop,
        PromptTokens = 1,
        CompletionTokens = 1,
    };
}
