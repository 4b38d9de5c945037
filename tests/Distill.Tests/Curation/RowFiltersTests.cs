using Distill.Curation;
using Distill.Curation.Filters;
using Distill.Prompts;
using Distill.Tests.Traces;
using Distill.Traces;
using Xunit;

namespace Distill.Tests.Curation;

public sealed class RowFiltersTests
{
    private const string Prose = "Let me think about the circle and its tangent lines before anything else. ";

    [Theory]
    [InlineData("plain", null)]
    [InlineData("circles", "repetition")]
    [InlineData("chinese", "mixed_languages")]
    [InlineData("marks", "template_remnants")]
    [InlineData("tag in answer", "template_remnants")]
    [InlineData("tag in reasoning", "template_remnants")]
    [InlineData("empty", "empty_answer")]
    [InlineData("no box", "no_box")]
    [InlineData("empty box", "no_box")]
    [InlineData("code", "code_in_reasoning")]
    [InlineData("paragraph", "long_paragraphs")]
    [InlineData("figure", "missing_figure")]
    [InlineData("parts", "multi_part")]
    [InlineData("proof", "proof")]
    [InlineData("sentinel", "proof")]
    public void EachFilterFindsItsKindAndNothingElse(string kind, string? reason)
    {
        Trace trace = kind switch
        {
            "circles" => Make(Prose + string.Concat(Enumerable.Repeat("Wait, I should check this once more, because the sum of the angles might differ from what I computed above in step two. ", 6)) + "Done."),
            "chinese" => Make(Prose + "所以我们需要考虑这个方程的所有解并且检查每一个答案 and then we go on."),
            "marks" => Make(Prose, "\\boxed{2}<|im_end|>"),
            "tag in answer" => Make(Prose, "<think>again</think>\\boxed{2}"),
            "tag in reasoning" => Make(Prose + "<think> once more"),
            "empty" => Make(Prose, " "),
            "no box" => Make(Prose, "It is 2."),
            "empty box" => Make(Prose, "\\boxed{}"),
            "code" => Make(Prose + "```python\n" + string.Join('\n', Enumerable.Range(0, 30).Select(i => $"x{i} = {i * i}")) + "\n```"),
            "paragraph" => Make(string.Join(' ', Enumerable.Range(0, 450).Select(i => $"word{i}"))),
            "figure" => Make(Prose, prompt: "What is the area of the triangle in the figure?"),
            "parts" => Make(Prose, prompt: "Answer both. (a) What is 2+3? (b) What is 2*3?"),
            "proof" => Make(Prose, prompt: "Let n be even. Prove that n squared is even."),
            "sentinel" => Make(Prose, prompt: "Is it so?", reference: "proof"),
            _ => Make(Prose),
        };
        IEnumerable<string> reasons = new RowFilters(Enum.GetValues<CurationFilter>()).Reasons(trace).Select(found => Fates.NameOf(found.Fate));
        if (kind == "empty") reasons = reasons.Where(found => found != "no_box");
        Assert.Equal(reason is null ? [] : [reason], reasons);
        Assert.Equal(Fate.Kept, new RowFilters([]).FirstReason(trace));
    }

    [Theory]
    [InlineData("0.333333333333333333333333333333")]
    [InlineData("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|")]
    [InlineData("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24")]
    public void WhatRepeatsByRightIsLeftAlone(string text) => Assert.Null(RepeatedText.Find(Prose + text));

    [Theory]
    [InlineData("ha")]
    [InlineData("Wait. ")]
    [InlineData("But let me check again. ")]
    [InlineData("哈")]
    public void AnEndThatRunsInCirclesIsFound(string period) => Assert.NotNull(RepeatedText.Find(Prose + string.Concat(Enumerable.Repeat(period, 1200))));

    [Theory]
    [InlineData("Solve x+1=2.", "We get $x=1$ because \\alpha and \\beta vanish, so the naïve guess is right; αβγ are angles.", false)]
    [InlineData("求方程 x+1=2 的解。", "我们把方程两边减去一, 得到 x=1, 所以 sin x 和 cos x 都是已知的。", false)]
    [InlineData("求方程 x+1=2 的解。", "First we subtract one from both sides of the equation and then conclude that the solution is one. 所以答案是一。", true)]
    [InlineData("Translate the word cat to Chinese.", "The word cat is 猫 in Chinese, as in 一只可爱的小猫在睡觉呢而另一只在外面玩耍着.", false)]
    [InlineData("Solve x+1=2.", "Отсюда следует, что икс равен единице.", true)]
    public void LanguagesMixOnlyWhereTheProblemDoesNot(string problem, string reasoning, bool mixed) =>
        Assert.Equal(mixed, LanguageMixing.Find(Make(reasoning, prompt: problem)) is not null);

    // Real problems with their published solutions: what a filter drops here it should not.
    [Fact]
    public void RealSolutionsPass()
    {
        var filters = new RowFilters([CurationFilter.Repetition, CurationFilter.MixedLanguages, CurationFilter.TemplateRemnants, CurationFilter.LongParagraphs, CurationFilter.CodeInReasoning, CurationFilter.MissingFigure, CurationFilter.Proof, CurationFilter.MultiPart]);
        var dropped = new List<string>();
        int count = 0;
        foreach (Prompt prompt in PromptReader.Read(SharedData.Path("gsm8k", "train.jsonl")))
        {
            count++;
            Trace trace = Make(prompt.ReferenceReasoning!, $"\\boxed{{{prompt.ReferenceAnswer}}}") with { Prompt = prompt };
            if (filters.FirstReason(trace) is not Fate.Kept and var fate) dropped.Add($"{fate}: {prompt.Messages[0].Content}");
        }
        Assert.Equal(7473, count);
        Assert.True(dropped.Count <= 5, string.Join('\n', dropped));
    }

    private static Trace Make(string reasoning, string answer = "\\boxed{2}", string prompt = "What is 1+1?", string reference = "2") =>
        SampleTraces.Make(1, reasoning: reasoning, answer: answer) with { Prompt = Prompt.FromUser(prompt, reference) };
}
