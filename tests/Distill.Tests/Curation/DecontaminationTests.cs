using System.Text.RegularExpressions;
using Distill.Curation.Contamination;
using Distill.Curation.Text;
using Distill.Prompts;
using Distill.Runs;
using Xunit;

namespace Distill.Tests.Curation;

public sealed class DecontaminationTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("gsm8k", "test.jsonl")]
    [InlineData("math-extra", "olympiadbench.jsonl.gz")]
    [InlineData("math-extra", "aqua.jsonl")]
    [InlineData("math-extra", "svamp.jsonl")]
    [InlineData("humaneval", "HumanEval.jsonl.gz")]
    public void PlantedProblemsAreFoundHoweverTheyAreDressed(string folder, string file)
    {
        string path = SharedData.Path(folder, file);
        Decontamination sets = Load(path);
        PromptText[] problems = [.. PromptReader.Read(path).Select(prompt => PromptText.Of(prompt))];
        var random = new RandomStream(3);
        var missed = new Dictionary<string, int> { ["verbatim"] = 0, ["spaces"] = 0, ["case"] = 0, ["numbered"] = 0, ["embedded"] = 0, ["one word"] = 0 };
        int count = 0, edited = 0;
        for (int i = 0; i < problems.Length; i += Math.Max(1, problems.Length / 150), count++)
        {
            string text = problems[i].Text;
            Plant("verbatim", text);
            Plant("spaces", Regex.Replace(text, @"\s+", "  \n "));
            Plant("case", text.ToUpperInvariant());
            Plant("numbered", $"Problem {i + 7}. {text}\nPlease reason step by step, and put your final answer within \\boxed{{}}.");
            if (problems[i].Key.Length >= 12) Plant("embedded", $"I have been stuck on my homework for days and would like some help with it, thank you.\n{text}\nExplain every step as if I were twelve years old.");
            string[] words = text.Split(' ');
            int[] plain = [.. Enumerable.Range(0, words.Length).Where(word => words[word].Length > 3 && words[word].All(char.IsAsciiLetter))];
            if (problems[i].Words.Length < 8 || plain.Length == 0) continue;
            words[plain[random.Next(0, plain.Length - 1)]] = "rhubarb";
            edited++;
            Plant("one word", string.Join(' ', words));
        }
        Assert.All(missed, entry => Assert.InRange(entry.Value, 0, entry.Key == "one word" ? edited / 50 : 0));

        void Plant(string kind, string text)
        {
            if (Find(sets, text) is null) missed[kind]++;
        }
    }

    // Two problems of gsm8k's training part are problems of its test part with other numbers, and two read like one another.
    [Fact]
    public void UnrelatedProblemsAreLeftAlone()
    {
        Decontamination sets = Load(SharedData.Path("gsm8k", "test.jsonl"), SharedData.Path("math-extra", "olympiadbench.jsonl.gz"),
            SharedData.Path("math-extra", "svamp.jsonl"), SharedData.Path("mmlu-redux", "mmlu_redux_2_5700.jsonl.gz"), SharedData.Path("humaneval", "HumanEval.jsonl.gz"));
        (int Found, int All) gsm = Count(SharedData.Path("gsm8k", "train.jsonl")), mbpp = Count(SharedData.Path("mbpp", "mbpp.jsonl")), aqua = Count(SharedData.Path("math-extra", "aqua.jsonl"));
        Assert.Equal((7473, 974, 254), (gsm.All, mbpp.All, aqua.All));
        Assert.InRange(gsm.Found, 1, 7);
        Assert.InRange(mbpp.Found, 0, 2);
        Assert.InRange(aqua.Found, 0, 0);

        (int Found, int All) Count(string path)
        {
            Prompt[] prompts = [.. PromptReader.Read(path)];
            return (prompts.AsParallel().Count(prompt => sets.Find(PromptText.Of(prompt)).Match is not null), prompts.Length);
        }
    }

    [Fact]
    public void TheMatchSaysWhatWasFoundWhere()
    {
        Decontamination sets = Sets("Find the largest prime factor of the number 8051 without a calculator or a computer.", "What is $\\sqrt{2}^{4}$?");
        ContaminationMatch inside = Find(sets, "Hello! find the LARGEST prime factor of the number 8051 without a calculator. Explain.")!;
        Assert.Equal(("set:1", "ngram", "find the LARGEST prime factor of the number 8051 without a calculator"), (inside.Item.Name, inside.Rule, inside.Span));
        Assert.Equal(12 / 15.0, inside.Overlap, 3);
        ContaminationMatch exact = Find(sets, "Problem 3: what is \\( \\sqrt 2 ^4 \\)")!;
        Assert.Equal(("set:2", "exact"), (exact.Item.Name, exact.Rule));
        Assert.Null(Find(sets, "What is $\\sqrt{3}^{4}$?"));
        sets = Sets("Find the largest prime factor of the number 8051 without a calculator or a computer, and then write down every step of how you found it.");
        Assert.True(sets.Find(PromptText.Of("Ada found that the largest prime factor of the number 8051 is two-digit.")) is { Match: null, Weak: true });
    }

    [Fact]
    public void SharedBoilerplateCondemnsNothing()
    {
        const string Ending = "can be written in the form m/n, where m and n are relatively prime positive integers. Find m+n.";
        Decontamination sets = Sets($"A fair die is thrown until two sixes come in a row. The chance of an even number of throws {Ending}");
        Assert.Null(Find(sets, $"Ten people sit around a round table at random. The probability that Ann sits beside Bob {Ending}"));

        // What three unlike problems share is boilerplate, listed or not.
        const string Rule = "Give your result as a list of whole numbers in ascending order with commas between them";
        sets = Sets($"Which primes divide 5040? {Rule}", $"For which n is n squared below 30? {Rule}", $"Solve x^3 = x over the integers. {Rule}", "Name the vowels.");
        Assert.Null(Find(sets, $"What are the ages of the three children of the farmer whose farm we saw yesterday? {Rule}"));
        Assert.NotNull(Find(sets, $"Which primes divide 5040? {Rule}"));
    }

    [Fact]
    public void AChangedNumberIsAnotherProblem()
    {
        Decontamination sets = Sets("How many whole numbers between 1 and 100 are squares?");
        Assert.Equal("one_word", Find(sets, "How many natural numbers between 1 and 100 are squares?")!.Rule);
        Assert.Equal("one_word", Find(sets, "How many numbers between 1 and 100 are squares?")!.Rule);
        Assert.NotNull(Find(sets, "How many positive whole numbers between 1 and 100 are squares?"));
        Assert.Null(Find(sets, "How many whole numbers between 7 and 642 are squares?"));
        Assert.Null(Find(sets, "How many natural numbers between 1 and 100 are cubes?"));
    }

    // The index must find what comparing with every problem finds.
    [Fact]
    public void TheIndexOfSimilarTextsMissesNothing()
    {
        BenchmarkItem[] items = [.. PromptReader.Read(SharedData.Path("math-extra", "olympiadbench.jsonl.gz")).Take(300).Select((prompt, i) => new BenchmarkItem("set", i + 1, PromptText.Of(prompt)))];
        var index = new SimilarTextIndex(items);
        var random = new RandomStream(11);
        int found = 0;
        for (int round = 0; round < 400; round++)
        {
            char[] key = items[random.Next(0, items.Length - 1)].Text.Key.ToCharArray();
            if (key.Length < 12) continue;
            int edits = random.Next(1, 1 + (key.Length / 9));
            for (int i = 0; i < edits; i++) key[random.Next(0, key.Length - 1)] = (char)('a' + random.Next(0, 25));
            PromptText changed = PromptText.Of(new string(key));
            double best = items.Max(item => Similarity(item.Text.Key, changed.Key));
            ContaminationMatch? match = index.Find(changed);
            Assert.Equal(best >= SimilarTextIndex.Similarity, match is not null);
            if (match is not null) Assert.Equal(best, match.Overlap, 9);
            if (match is not null) found++;
        }
        Assert.InRange(found, 30, 390);
    }

    [Theory]
    [InlineData("", "abc", 3)]
    [InlineData("kitten", "sitting", 5)] // longest common subsequence: "ittn"
    [InlineData("abcdef", "abcdef", 0)]
    [InlineData("abc", "xyz", 6)]
    public void InsertionsAndDeletionsAreCounted(string a, string b, int distance) => Assert.Equal(distance, IndelDistance.Of(a, b));

    [Fact]
    public void DistancesOfLongTextsAreThoseOfTheTextbook()
    {
        var random = new RandomStream(1);
        for (int round = 0; round < 200; round++)
        {
            string a = Letters(random.Next(0, 300)), b = Letters(random.Next(0, 300));
            Assert.Equal(a.Length + b.Length - (2 * CommonSubsequence(a, b)), IndelDistance.Of(a, b));
        }

        string Letters(int length) => string.Concat(Enumerable.Range(0, length).Select(_ => (char)('a' + random.Next(0, 3))));
    }

    [Fact]
    public void SetsThatCannotBeReadAreErrors()
    {
        Assert.Throws<InputException>(() => Load(_folder["none.jsonl"]));
        File.WriteAllText(_folder["empty.jsonl"], "\n");
        Assert.Contains("holds no problem", Assert.Throws<InputException>(() => Load(_folder["empty.jsonl"])).Message);
    }

    private Decontamination Sets(params string[] problems)
    {
        JsonlPromptWriter.Write(_folder["set.jsonl"], problems.Select(problem => Prompt.FromUser(problem, null)));
        return Load(_folder["set.jsonl"]);
    }

    private static ContaminationMatch? Find(Decontamination sets, string prompt) => sets.Find(PromptText.Of(prompt)).Match;

    private static Decontamination Load(params string[] paths) => Decontamination.Load(paths, null, 8, 0.5);

    private static double Similarity(string a, string b) => Math.Abs(a.Length - b.Length) > (a.Length + b.Length) * 0.06 ? 0 : 1 - (IndelDistance.Of(a, b) / (double)(a.Length + b.Length));

    private static int CommonSubsequence(string a, string b)
    {
        var lengths = new int[a.Length + 1, b.Length + 1];
        for (int i = 1; i <= a.Length; i++)
            for (int j = 1; j <= b.Length; j++)
                lengths[i, j] = a[i - 1] == b[j - 1] ? lengths[i - 1, j - 1] + 1 : Math.Max(lengths[i - 1, j], lengths[i, j - 1]);
        return lengths[a.Length, b.Length];
    }
}
