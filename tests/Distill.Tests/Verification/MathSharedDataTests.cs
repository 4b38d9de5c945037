using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using Distill.Runs;
using Distill.Verification;
using Xunit;

namespace Distill.Tests.Verification;

/// <summary>The verifier against the reference answers of published problem sets: each matches itself however it is set, and no other.</summary>
public sealed class MathSharedDataTests
{
    private static readonly MathVerifier Verifier = new();

    [Fact]
    public void EveryOlympiadAnswerMatchesItselfReformatted()
    {
        string[] golds = OlympiadAnswers();
        Assert.True(golds.Length > 600);
        var missed = new List<string>();
        foreach (string gold in golds)
        {
            foreach (string response in Reformatted(gold))
                if (Verifier.Verify(gold, response).Outcome != Outcome.Correct) missed.Add($"{gold} ~ {response}");
        }
        Assert.Empty(missed);
    }

    [Fact]
    public void AnswersOfOtherProblemsAndBumpedDigitsAreRejected()
    {
        string[] golds = OlympiadAnswers();
        var random = new RandomStream(7);
        int pairs = 0;
        var accepted = new List<string>();
        foreach (string gold in golds)
        {
            for (int i = 0; i < 5; i++)
            {
                string other = golds[random.Next(0, golds.Length - 1)];
                if (Bare(other) != Bare(gold)) Check(gold, other);
            }
            if (Bumped(gold, random) is { } bumped) Check(gold, bumped);
        }
        Assert.True(pairs > 3500);
        Assert.Empty(accepted);

        void Check(string gold, string other)
        {
            pairs++;
            if (Verifier.Verify(gold, $"\\boxed{{{other.Replace("$", "")}}}").Outcome == Outcome.Correct) accepted.Add($"{gold} ~ {other}");
        }
    }

    [Fact]
    public void AquaChoicesAreReadInEverySpelling()
    {
        var random = new RandomStream(9);
        foreach (string line in File.ReadLines(SharedData.Path("math-extra", "aqua.jsonl")))
        {
            using JsonDocument row = JsonDocument.Parse(line);
            string letter = row.RootElement.GetProperty("correct").GetString()!;
            string[] options = [.. row.RootElement.GetProperty("options").EnumerateArray().Select(option => option.GetString()!)];
            string right = options.First(option => option.StartsWith($"{letter})", StringComparison.Ordinal));
            foreach (string response in (string[])[letter, $"({letter})", $"\\boxed{{{letter}}}", $"\\boxed{{\\text{{({letter})}}}}", $"The answer is {right}", $"\\boxed{{\\text{{{right}}}}}", $"The correct answer is ({letter}).", $"**{letter}**", $"So the answer is \\textbf{{({letter}) }}{right[2..]}"])
                Assert.True(Verifier.Verify(letter, response).Outcome == Outcome.Correct, response);
            string wrong = "ABCDE".Replace(letter, "")[random.Next(0, 3)].ToString();
            foreach (string response in (string[])[wrong, $"\\boxed{{{wrong}}}", $"The answer is ({wrong})", $"{wrong}) {right[2..]}"])
                Assert.True(Verifier.Verify(letter, response).Outcome == Outcome.Incorrect, response);
            foreach (string text in options.Select(option => option[2..].Trim()).Where(text => text.Length > 0))
                Assert.True(Verifier.Verify(text, $"\\boxed{{{text}}}").Outcome == Outcome.Correct, text);
            Assert.True(Verifier.Verify(letter, right[2..], new MathOptions { Choices = options }).Outcome == Outcome.Correct, right);
        }
    }

    [Fact]
    public void SvampAnswersMatchInSentencesAndNeighboursDoNot()
    {
        foreach (string line in File.ReadLines(SharedData.Path("math-extra", "svamp.jsonl")))
        {
            using JsonDocument row = JsonDocument.Parse(line);
            double value = row.RootElement.GetProperty("Answer").GetDouble();
            string gold = row.RootElement.GetProperty("Answer").GetRawText(), plain = value.ToString(CultureInfo.InvariantCulture);
            foreach (string response in (string[])[plain, $"\\boxed{{{plain}}}", $"The answer is {plain}.", $"There are {plain} apples left.", $"${plain}$", $"#### {plain}"])
                Assert.True(Verifier.Verify(gold, response).Outcome == Outcome.Correct, $"{gold} ~ {response}");
            Assert.Equal(Outcome.Incorrect, Verifier.Verify(gold, $"\\boxed{{{(value + 1).ToString(CultureInfo.InvariantCulture)}}}").Outcome);
        }
    }

    private static string[] OlympiadAnswers()
    {
        using Stream stream = new GZipStream(File.OpenRead(SharedData.Path("math-extra", "olympiadbench.jsonl.gz")), CompressionMode.Decompress);
        using var reader = new StreamReader(stream);
        var answers = new List<string>();
        while (reader.ReadLine() is { } line)
        {
            using JsonDocument row = JsonDocument.Parse(line);
            if (row.RootElement.GetProperty("final_answer") is { ValueKind: JsonValueKind.Array } found) answers.AddRange(found.EnumerateArray().Select(answer => answer.GetString()!));
        }
        return [.. answers];
    }

    private static string Bare(string answer) => answer.Replace("$", "").Replace(" ", "").Replace("\\left", "").Replace("\\right", "").Replace("dfrac", "frac").TrimEnd('.');

    private static IEnumerable<string> Reformatted(string gold)
    {
        string bare = gold.Replace("$", "");
        yield return gold;
        yield return $"Therefore the result is \\boxed{{{bare}}}";
        yield return $"The final answer is ${bare}$.";
        yield return $"\\boxed{{{bare.Replace("\\frac", "\\dfrac")}}}";
        yield return $"\\boxed{{ {bare.Replace("\\frac", "\\tfrac")} }}";
        yield return $"<think>hm, \\boxed{{7}}</think>\n\nThe answer is:\n\n$$\\boxed{{{bare}}}$$\n";
        yield return $"\\boxed{{{bare}.}}";
        yield return $"We are done.\n\n\\[ \\boxed{{\\displaystyle {bare}}} \\]";
        yield return $"**Final Answer**\n\\[\n{bare}\n\\]";
    }

    private static string? Bumped(string gold, RandomStream random)
    {
        int[] digits = [.. Enumerable.Range(0, gold.Length).Where(i => char.IsAsciiDigit(gold[i]))];
        if (digits.Length == 0) return null;
        int at = digits[random.Next(0, digits.Length - 1)];
        return $"{gold[..at]}{(gold[at] - '0' + random.Next(1, 9)) % 10}{gold[(at + 1)..]}";
    }
}
