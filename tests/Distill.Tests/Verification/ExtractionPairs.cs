namespace Distill.Tests.Verification;

/// <summary>Pairs about finding the answer in what a model writes, and about multiple choice.</summary>
internal static class ExtractionPairs
{
    public static void AddTo(PairList list)
    {
        for (int i = 0; i < 10; i++)
        {
            Boxes(list);
            Phrases(list);
            Reasoning(list);
            Prose(list);
            Unfinished(list);
            Choices(list);
        }
    }

    private static void Boxes(PairList list)
    {
        int a = list.Number(10, 999), b = a + list.Number(1, 99);
        list.Right("box", $"{a}", $"So \\boxed{{{a}}}.", $"\\boxed {{{a}}}", $"\\boxed{{{a}.}}", $"\\boxed{{\\mathbf{{{a}}}}}", $"\\boxed{{\\text{{{a}}}}}", $"\\fbox{{{a}}}", $"\\\\boxed{{{a}}}", $"\\boxed{a}", $"\\boxed{{\\boxed{{{a}}}}}", $"first \\boxed{{{b}}}, but then \\boxed{{{a}}}",
            $"\\[ x = \\boxed{{{a}}} \\]", $"\\boxed{{x={a}}}", $"\\boxed{{{a}\\text{{ cm}}}}", $"The answer is {b}. No: \\boxed{{{a}}}", $"\\boxed{{{a}}}\n\nLet me know if anything is unclear!", $"$$\\boxed{{\\displaystyle {a}}}$$", $"\\boxed{{{a}}} = \\boxed{{{a}}}", $"\\framebox{{{a}}}");
        list.Wrong("box", $"{a}", $"\\boxed{{{b}}}", $"\\boxed{{{a}}} and later \\boxed{{{b}}}", "\\boxed{}", $"{a} \\boxed{{}}", $"\\boxed{{{a}", $"\\boxed{{{a}}} or \\boxed{{{b}}}", $"\\boxed{{{a}}}. Wait, that is wrong. I cannot finish.", $"{a}, so \\boxed{{{b}}}");
        list.Right("joined_boxes", $"{a}, {b}", $"\\boxed{{{a}}}, \\boxed{{{b}}}", $"\\boxed{{{a}}} and \\boxed{{{b}}}", $"$x=\\boxed{{{a}}}$, $y=\\boxed{{{b}}}$", $"$\\boxed{{{b}}}$ or $\\boxed{{{a}}}$");
        list.Wrong("joined_boxes", $"{a}, {b}", $"\\boxed{{{a}}} and we go on to find \\boxed{{{b}}}", $"\\boxed{{{a}}}");
    }

    private static void Phrases(PairList list)
    {
        int a = list.Number(10, 999), b = a + list.Number(1, 99);
        list.Right("phrase", $"{a}", $"The answer is {a}.", $"Final answer: {a}", $"**Answer:** {a}", $"**Final Answer**\n\n{a}", $"The final answer is ${a}$. I hope it is correct.", $"#### {a}", $"<answer>{a}</answer>", $"\\textbf{{Answer:}} {a}", $"答案是{a}。", $"La réponse est {a}.", $"The result is ${a}$.",
            $"The answer is {b}. No, the answer is {a}.", $"Answer: **{a}**", $"The answer is not {b}. It is {a}.", $"the answer is {a}, not {b}", $"So the total is\n\n**{a}**", $"The answer is:\n\n$$\n{a}\n$$", $"Answer = {a}", $"Therefore, the final answer is \\({a}\\).");
        list.Wrong("phrase", $"{a}", $"The answer is {b}.", $"The answer is not {a}. It is {b}.", $"not {a}. It is {b}", $"the answer is {b}, not {a}", $"The answer is {a}? No, the answer is {b}.", $"#### {b}", $"<answer>{b}</answer>", $"Answer: {a} or {b}", $"The answer is either {a} or {b}.");
    }

    private static void Reasoning(PairList list)
    {
        int a = list.Number(10, 999), b = a + list.Number(1, 99);
        list.Right("think", $"{a}", $"<think>maybe \\boxed{{{b}}}</think>\n\\boxed{{{a}}}", $"<thinking>{b}</thinking>The answer is {a}.", $"so {b}?</think>\n\n\\boxed{{{a}}}", $"<|begin_of_thought|>\\boxed{{{b}}}<|end_of_thought|>\\boxed{{{a}}}");
        list.Wrong("think", $"{a}", $"<think>so \\boxed{{{a}}}", $"<think>\\boxed{{{a}}}</think>", $"<think>\\boxed{{{a}}}</think>\n\\boxed{{{b}}}", $"<thinking>the answer is {a}", $"<think>a</think><think>\\boxed{{{a}}}");
    }

    private static void Prose(PairList list)
    {
        int a = list.Number(10, 999), b = list.Number(1000, 5000);
        list.Right("prose", $"{a}", $"There were {b} apples and {a} are left.", $"First we find {b}.\n\nSo Anna has {a} marbles.", $"She pays ${a} a day.", $"We get $x={a}$.", $"Hence, x = {a}", $"The total is {b} - {b - a} = {a} clips.");
        list.Wrong("prose", $"{a}", $"There are {a} apples, of which {b} are red.", $"Maybe {a}, maybe {b}.", $"It might be {a}.", $"I do not know.", $"{a} is what we begin with.\n\nIn the end she has {b}.");
    }

    private static void Unfinished(PairList list)
    {
        int a = list.Number(10, 999);
        list.Wrong("unfinished", $"{a}", "", " ", $"\\frac{{{a}}}{{", $"{a}+", "\\boxed", $"\\sqrt{{{a}", $"\\left({a}", $"\\boxed{{{a}}}{{\\boxed{{");
    }

    private static void Choices(PairList list)
    {
        string letter = "ABCDE"[list.Number(0, 4)].ToString(), other = "ABCDE"[("ABCDE".IndexOf(letter[0]) + list.Number(1, 4)) % 5].ToString();
        int value = list.Number(10, 99);
        list.Right("choice", letter, letter, $"({letter})", $"{letter}.", $"{letter}) {value}", $"\\text{{({letter})}}", $"\\textbf{{({letter}) }}{value}", $"Option {letter}", $"Choice ({letter})", $"\\boxed{{{letter.ToLowerInvariant()}}}", $"\\boxed{{{letter}. {value}}}", $"\\boxed{{({letter}) {value}}}", $"The answer is {letter}", $"The correct answer is **{letter}**.",
            $"not {other}, it is {letter}", $"The answer is not {other}, it is {letter}.", $"Therefore the answer is option {letter}: {value}", $"Answer: {letter.ToLowerInvariant()}", $"The final answer is $\\boxed{{\\text{{({letter})}}}}$.", $"So the correct choice is {letter}.", $"\\boxed{{\\mathrm{{({letter})}}\\ {value}}}", $"**{letter}**");
        list.Wrong("choice", letter, other, $"({other}) {value}", $"{letter}, {other}", $"\\boxed{{{other}. {value}}}", $"The answer is not {letter}, it is {other}.", $"\\boxed{{{letter}}} or \\boxed{{{other}}}", $"The answer is either {letter} or {other}", $"{value}", $"Both {letter} and {other}");
        list.Right("choice_text", $"{value}", $"({letter}) {value}", $"{letter}. {value}", $"\\boxed{{\\text{{({letter})}}\\ {value}}}");
        list.Right("choice_set", "BD", "B, D", "B and D", "DB", "(B) and (D)", "\\boxed{BD}");
        list.Wrong("choice_set", "BD", "B", "B, C", "BCD", "\\boxed{D}");
    }
}
