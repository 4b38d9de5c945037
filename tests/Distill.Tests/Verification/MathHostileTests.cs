using Distill.Runs;
using Distill.Verification;
using Xunit;

namespace Distill.Tests.Verification;

/// <summary>Text that is made to hang, to exhaust memory or to be accepted: judged within bounds, without an exception.</summary>
public sealed class MathHostileTests
{
    private const long MostBytes = 64 << 20;

    private static readonly MathVerifier Verifier = new();

    public static TheoryData<string, string, bool> Inputs()
    {
        var inputs = new TheoryData<string, string, bool>();
        void Add(string gold, string response, bool correct = false) => inputs.Add(gold, response, correct);
        string Nested(string open, string inner, string close, int depth) => string.Concat(Enumerable.Repeat(open, depth)) + inner + string.Concat(Enumerable.Repeat(close, depth));

        Add("12", "10^{10^{10}}");
        Add("10^{10^{10}}", "10^{10000000000}", true);
        Add("5", "5^{(5^{(5^{(5^5)})}-4)}");
        Add("7^{77^{777^{7777}}}", "7^{77^{777^{7777}}}", true);
        Add("1", $"\\boxed{{{Nested("\\frac{1}{", "2", "}", 5000)}}}");
        Add("1", Nested("\\frac{1}{", "2", "}", 300));
        Add("1", Nested("(", "1", ")", 5000));
        Add("2", Nested("\\boxed{", "1", "}", 100_000));
        Add("1", Nested("\\boxed{", "1", "", 100_000));
        Add("1", Nested("\\sqrt{", "2", "}", 60));
        Add("1", Nested("\\sqrt{2+", "2", "}", 50));
        Add("1", new string('9', 1_000_000));
        Add("1", $"\\boxed{{{new string('9', 4000)}}}");
        Add("1", $"\\boxed{{{new string('7', 300)}!}}");
        Add($"{new string('7', 300)}!", $"{new string('7', 300)}!", true);
        Add("1", $"{new string('7', 299)}8!");
        Add("0", "\\sin(10^{40}\\pi)", true);
        Add("1", "\\cos(10^{4000})");
        Add("(x+1)^{1000}", "(x+1)^{1001}");
        Add("(a+b+c+d)^{40}", "(a+b+c+e)^{40}");
        Add("1", string.Join('+', Enumerable.Range(2, 300).Select(i => $"\\sqrt{{{i}}}")));
        Add("1", string.Concat(Enumerable.Range(1, 300).Select(i => $"(x+{i})")));
        Add("1", string.Join('+', Enumerable.Range(1, 60).Select(i => $"\\frac{{1}}{{x_{{{i}}}+1}}")));
        Add("1", "\\sum_{k=1}^{100000000}k");
        Add("1", "\\prod_{k=1}^{10000}k!");
        Add("1", "\\sum_{i=1}^{10000}\\sum_{j=1}^{10000}\\sum_{k=1}^{10000}k");
        Add("1", "\\binom{10^{20}}{10^{10}}");
        Add("1", "((((10!)!)!)!)!");
        Add("2^{100000000}", "2^{100000001}");
        Add("2^{100000000}", "4^{50000000}", true);
        string numbers = string.Join(',', Enumerable.Range(0, 800));
        Add(numbers, numbers, true);
        Add(string.Join(',', Enumerable.Range(1, 200).Select(i => $"\\sin {i}")), string.Join(',', Enumerable.Range(1, 200).Select(i => $"\\sin {201 - i}+1")));
        Add(string.Join("\\cup", Enumerable.Range(0, 250).Select(i => $"({2 * i},{2 * i + 1})")), string.Join("\\cup", Enumerable.Range(0, 250).Select(i => $"({498 - 2 * i},{499 - 2 * i})")), true);
        Add("1", $"\\begin{{pmatrix}}{string.Join("\\\\", Enumerable.Repeat(string.Join('&', Enumerable.Repeat("1", 40)), 40))}\\end{{pmatrix}}");
        foreach (string piece in (string[])["$", "\\(", "**", "<think>", "<answer>", "\\", "\\\\", "the answer is ", "answer is not ", "x", "|", "^", "_", "-", "{", "½", "²", "√", "\\{", "1/", "2^", "\\pm1", "\\int_0^1", "\\left(", "\\text{", "\\begin{cases}", "a.b ", "one hundred "])
            Add("5", string.Concat(Enumerable.Repeat(piece, Math.Min(1_000_000 / piece.Length, 200_000))));
        Add("5", new string(' ', 1_000_000) + "5", true);
        Add("5", "5" + new string('\n', 1_000_000), true);
        Add("5", new string('\u200b', 4000) + "5", true);
        Add("12", "1\u200b2", true);
        Add("12", "１２", true);
        Add("5", "\u202e5\u202c", true);
        Add("x", "х");
        Add("10", "1О");
        Add("5", "\\boxed{5}. Wait, that is wrong. I cannot solve this problem.");
        Add("5", "\\def\\x{5}\\x");
        Add("5", "\\input{/etc/passwd}");
        Add("5", "__import__(\"os\").system(\"echo 5\")");
        Add("5", "\\boxed{\\phantom{5}}");
        Add("1", "e^{e^{e^{e^{e}}}}");
        Add("1", "\\frac{1}{0}");
        Add("0", "\\frac{0}{0}");
        Add("1", "\\log_1 1");
        Add("1", "\\sqrt[10^{10}]{2}");
        Add("e", "(1+\\frac{1}{10^{100}})^{10^{100}}");
        Add("\\pi^{\\pi^{\\pi}}", "\\pi^{\\pi^{\\pi}}+1");
        Add("\\sin(1)+\\cos(1)", "\\sin 1+\\cos 1+10^{-70}");
        Add("(((x+y)^9+z)^9+w)^9", "(((x+y)^9+z)^9+w)^9+1");
        Add("1", "x^{x^{x^{x^{x^x}}}}");
        Add("(x+1)^{10^{9}}", "(x+1)^{10^{9}+1}");
        Add("((x+1)^{1000}+1)^{1000}", "((x+1)^{1000}+1)^{1001}");
        Add("1", $"\\frac{{{string.Concat(Enumerable.Range(1, 100).Select(i => $"(x-{i})"))}}}{{{string.Concat(Enumerable.Range(1, 100).Select(i => $"(x+{i})"))}}}");
        Add("1", string.Join('+', Enumerable.Range(1, 150).Select(i => $"\\frac{{1}}{{{i}^{{20}}}}")));
        Add("1", string.Join('+', Enumerable.Range(1, 40).Select(i => $"\\sqrt[{i + 2}]{{x+{i}}}")));
        Add("1", $"{new string('9', 255)}^{{{new string('9', 255)}}}");
        Add("1", $"\\sqrt{{{new string('9', 255)}}}");
        Add("1", $"\\sqrt{{{new string('3', 60)}7}}+\\sqrt{{{new string('3', 61)}7}}");
        Add("1", "2^{2^{2^{2^{2^{2}}}}}");
        Add("1", $"\\gcd({new string('8', 2000)},{new string('6', 2000)})");
        Add("1", $"\\begin{{vmatrix}}{string.Join("\\\\", Enumerable.Range(0, 4).Select(i => string.Join('&', Enumerable.Range(0, 4).Select(j => $"(x+y+{i}z+{j})^{{9}}"))))}\\end{{vmatrix}}");
        Add("\\{1\\}", "\\{x\\in\\mathbb{Z}\\mid 1\\le x\\le 10^{18}\\}");
        Add("1", "\\{x \\in \\mathbb{Z} \\mid -10^{4000}<x<10^{4000}\\}");
        Add("1", string.Concat(Enumerable.Repeat("\\pm", 31)) + "1");
        Add("1", string.Join('+', Enumerable.Repeat("\\pm\\sqrt2", 40)));
        Add("1", "(" + string.Join(',', Enumerable.Repeat("\\pm1", 60)) + ")");
        Add("No", "No" + string.Concat(Enumerable.Repeat(", no", 20_000)));
        Add("Alice, Bob", string.Join(" and ", Enumerable.Repeat("Alice", 100_000)));
        Add("1", string.Concat(Enumerable.Range(0, 64).Select(i => "\\sum_{k=1}^{9}")) + "k");
        Add("1", "\\boxed{" + string.Concat(Enumerable.Repeat("\\text{", 2000)) + "1" + string.Concat(Enumerable.Repeat("}", 2000)) + "}");
        Add("1", string.Join('\n', Enumerable.Repeat("x = 1", 200_000)));
        Add("1", string.Join(" where ", Enumerable.Repeat("$1$", 100_000)));
        Add("1", "\\lcm(" + string.Join(',', Enumerable.Range(1, 60).Select(i => $"1{new string('0', 28)}{i:00}")) + ")");
        return inputs;
    }

    [Theory(DisableDiscoveryEnumeration = true)]
    [MemberData(nameof(Inputs))]
    public void IsJudgedWithinBounds(string gold, string response, bool correct)
    {
        Verifier.Verify("\\sqrt2+x", "x+\\sqrt{2}"); // compiled before it is measured
        long before = GC.GetAllocatedBytesForCurrentThread();
        Verdict verdict = Verifier.Verify(gold, response);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(correct, verdict.Outcome == Outcome.Correct);
        Assert.True(allocated < MostBytes, $"{allocated >> 20} MB"); // in all, so the live part is below it
    }

    [Fact]
    public void RandomTextNeverThrows()
    {
        string[] pieces = ["\\frac", "{", "}", "1", "x", "^", "_", "(", ")", "[", "]", "\\sqrt", ",", "=", "<", "\\{", "\\}", "|", "\\text{", "$", "\\boxed{", "\\begin{pmatrix}", "\\end{pmatrix}", "\\begin{cases}", "\\end{cases}", "&", "\\\\", "!", "%", "\\pm", "e", "i", "\\sin", "\\cup", "\\infty", ":", ";", " ", "2.5", "\\log_", "\\sum_{k=1}^",
            "answer is ", "</think>", "\u2009", "\ud83d", "é", "0.", "\\overline{3}", "\\pmod", " or ", "\\mid", "'", "^\\circ", "cm", "five", "12", "-", "+", "/", "\\cdot", "\\binom", "\\int_", "\\left", "\\right", ".", "½", "²", "\\mathbb{R}", "\\ne", "\\equiv", "A", "_2", "\\dot", "**", "\0", "\u200b"];
        var random = new RandomStream(31);
        for (int round = 0; round < 15_000; round++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(1, 25)).Select(_ => pieces[random.Next(0, pieces.Length - 1)]));
            Verifier.Verify(text, text);
            Verifier.Verify("x=1", text);
            Verifier.Verify(text, "(1,2)");
        }
    }

    [Fact]
    public void TruncatedFormulasAndRandomBytesNeverThrow()
    {
        var random = new RandomStream(37);
        foreach (LabelledPair pair in LabelledPairs.All().Where((_, i) => i % 40 == 0))
        {
            for (int length = 0; length <= pair.Given.Length; length++) Verifier.Verify(pair.Gold, pair.Given[..length]);
            for (int length = 0; length <= pair.Gold.Length; length++) Verifier.Verify(pair.Gold[..length], pair.Given);
        }
        for (int round = 0; round < 5000; round++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(1, 60)).Select(_ => (char)random.Next(0, round % 2 == 0 ? 127 : 65535)));
            Verifier.Verify(text, text);
        }
    }
}
