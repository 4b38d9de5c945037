using Distill.Eval;
using Distill.Prompts;
using Distill.Runs;
using Xunit;

namespace Distill.Tests.Eval;

public sealed class EvalSuiteTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void TheDeliveredSuitesAreRead()
    {
        string[] files = Directory.GetFiles(Path.Combine(RepositoryFolder(), "eval", "suites"), "*.yaml");
        Assert.Equal(["arithmetic-basic", "arithmetic-hard", "arithmetic-short", "gsm8k"], files.Select(file => EvalSuite.Load(file).Name).Order());

        foreach (EvalSuite suite in files.Select(EvalSuite.Load).Where(suite => suite.Generate is not null))
        {
            IReadOnlyList<Prompt> problems = suite.Problems();
            Assert.Equal(suite.Generate!.Count, problems.Count);
            Assert.All(problems, problem => Assert.True(ArithmeticProblems.IsHeldOut(problem.Messages[0].Content["Compute ".Length..^1])));
            Assert.Equal(suite.PassAt, suite.With(new EvalOptions()).PassAt);
        }
    }

    [Fact]
    public void Gsm8KIsTheFileThatTheSuiteNames()
    {
        string data = SharedData.Path("gsm8k", "test.jsonl");
        Directory.CreateDirectory(folder["suites"]);
        Directory.CreateDirectory(Path.Combine(folder["data"], "gsm8k"));
        File.Copy(Path.Combine(RepositoryFolder(), "eval", "suites", "gsm8k.yaml"), Path.Combine(folder["suites"], "gsm8k.yaml"));
        File.Copy(data, Path.Combine(folder["data"], "gsm8k", "test.jsonl"));

        IReadOnlyList<Prompt> problems = EvalSuite.Load(Path.Combine(folder["suites"], "gsm8k.yaml")).Problems();
        Assert.Equal(1319, problems.Count);
        Assert.Equal("18", problems[0].ReferenceAnswer);
        Assert.EndsWith("\nPlease reason step by step, and put your final answer within \\boxed{}.", problems[0].Messages[0].Content);
    }

    [Fact]
    public void ValuesAreReadAndOverridden()
    {
        EvalSuite suite = Load("""
            name: s
            version: 3
            generate: { kind: arithmetic, split: hard, count: 7, seed: 2 }
            template: boxed
            samples: 4
            temperature: 0.5
            verifier: [math, exact]
            metric: [pass@4, pass@2]
            """);
        Assert.Equal(("s", 3, PromptTemplate.Boxed, 4, 0.5, 0.95), (suite.Name, suite.Version, suite.Template, suite.Samples, suite.Temperature, suite.TopP));
        Assert.Equal(new ArithmeticSet(ArithmeticSplit.Hard, 7, 2), suite.Generate);
        Assert.Equal(["math", "exact"], suite.Verifiers);
        Assert.Equal([1, 2, 4], suite.PassAt);
        Assert.Equal(7, suite.Problems().Count);
        Assert.Equal(3, suite.Problems(limit: 3).Count);

        EvalSuite overridden = suite.With(new EvalOptions { Samples = 8, Temperature = 1, TopP = 0.5, MaxTokens = 9 });
        Assert.Equal((8, 1.0, 0.5, 9), (overridden.Samples, overridden.Temperature, overridden.TopP, overridden.MaxTokens));
    }

    [Theory]
    [InlineData("samles: 4", ":4: key `samles` is unknown", "did you mean `samples`?")]
    [InlineData("samples: four", ":4: key `samples` `four` is not a whole number", "write `samples: N`")]
    [InlineData("template: boxes", ":4: key `template` `boxes` is unknown", "did you mean `boxed`?")]
    [InlineData("verifier: none", ":4: key `verifier` `none` is unknown", "choose from `math`, `code`")]
    [InlineData("metric: accuracy", ":4: key `metric` `accuracy` is unknown", "choose `pass@1` or another `pass@k`")]
    [InlineData("metric: pass@0", ":4: key `metric` `pass@0` is unknown", "choose `pass@1` or another `pass@k`")]
    [InlineData("name: again", ":4: key `name` is given twice", "delete one of the two")]
    [InlineData("prompts: x.jsonl", ": a suite has either `prompts` or `generate`", "name a file of prompts, or a generator")]
    [InlineData("samples: [1, [2]]", ":4: key `samples`: a list holds plain values", "write `samples: [a, b]`")]
    [InlineData("samples: *x", ":4: anchors and aliases are not used in suites", "write the value out")]
    [InlineData("samples: 'four", ": is not valid YAML", "see eval/README.md")]
    public void MistakesNameTheirLine(string line, string message, string hint)
    {
        InputException error = Assert.Throws<InputException>(() => Load($"name: s\nversion: 1\ngenerate: {{ kind: arithmetic, split: basic, count: 5, seed: 1 }}\n{line}\n"));
        Assert.Contains(message, error.Message);
        Assert.Contains(hint, error.Hint);
    }

    [Theory]
    [InlineData("version: 1\ngenerate: { kind: arithmetic, split: basic, count: 5, seed: 1 }", ":1: key `name` is missing")]
    [InlineData("name: ../up\nversion: 1\ngenerate: { kind: arithmetic, split: basic, count: 5, seed: 1 }", ":1: key `name` cannot name a suite")]
    [InlineData("name: s\nversion: 1\ngenerate: { kind: algebra, split: basic, count: 5, seed: 1 }", ":3: key `kind` is unknown")]
    [InlineData("name: s\nversion: 1\ngenerate: { kind: arithmetic, split: basic, count: 5 }", ":3: key `seed` is missing")]
    [InlineData("name: s\nversion: 1\ngenerate: 5", ":3: key `generate` takes a map")]
    [InlineData("- name", ":1: a suite is a map of keys")]
    [InlineData("", ": a suite is a map of keys")]
    public void IncompleteSuitesAreRefused(string text, string message) =>
        Assert.Contains(message, Assert.Throws<InputException>(() => Load(text)).Message);

    [Fact]
    public void SettingsThatCannotBeMeantAreRefused()
    {
        EvalSuite suite = Load("name: s\nversion: 1\nsamples: 2\nmetric: pass@2\ngenerate: { kind: arithmetic, split: basic, count: 5, seed: 1 }");
        Assert.Contains("pass@2 cannot be estimated from 1 samples", Assert.Throws<InputException>(() => (suite with { Samples = 1 }).With(new EvalOptions())).Message);
        Assert.Equal([1], suite.With(new EvalOptions { Samples = 1 }).PassAt); // fewer samples were asked for: what they cannot tell is left out
        Assert.Contains("temperature 0", Assert.Throws<InputException>(() => suite.With(new EvalOptions { Temperature = 0 })).Message);
        Assert.Contains("`top_p` is 0", Assert.Throws<InputException>(() => suite.With(new EvalOptions { TopP = 0 })).Message);
    }

    [Fact]
    public void PromptsMustBeThoseOfTheHashAndHaveAnswers()
    {
        File.WriteAllText(folder["p.jsonl"], """{"prompt": "2+2?", "answer": "4"}""" + "\n");
        string hash = Fingerprint.OfFile(folder["p.jsonl"]);
        Assert.Single(Load($"name: s\nversion: 1\nprompts: p.jsonl\nsha256: {hash}").Problems());
        EvalSuite suite = Load($"name: s\nversion: 1\nprompts: p.jsonl\nsha256: {hash}");
        File.WriteAllText(folder["p.jsonl"], """{"prompt": "2+3?"}""" + "\n");
        Assert.Contains("its sha256 differs", Assert.Throws<InputException>(() => suite.Problems()).Message);
        Assert.Contains("p.jsonl:1", Assert.Throws<InputException>(() => (suite with { PromptsHash = null }).Problems()).Message);
    }

    [Theory]
    [InlineData("", "put them there, or mend the suite's `prompts`")]
    [InlineData("source: https://example.org/p.jsonl", "download them from https://example.org/p.jsonl to that place")]
    public void PromptsThatAreNotThereAreNamedWithWhereToGetThem(string source, string hint)
    {
        EvalSuite suite = Load($"name: s\nversion: 1\nprompts: ../p.jsonl\n{source}\n");

        InputException error = Assert.Throws<InputException>(() => suite.Problems());

        Assert.EndsWith($"its problems are not there: {Path.GetFullPath(folder["../p.jsonl"])}", error.Message);
        Assert.Equal(hint, error.Hint);
    }

    private EvalSuite Load(string text)
    {
        File.WriteAllText(folder["suite.yaml"], text);
        return EvalSuite.Load(folder["suite.yaml"]);
    }

    private static string RepositoryFolder()
    {
        DirectoryInfo? candidate = new(AppContext.BaseDirectory);
        while (candidate is not null && !File.Exists(Path.Combine(candidate.FullName, "Distill.sln"))) candidate = candidate.Parent;
        return candidate?.FullName ?? throw new InvalidOperationException("the tests do not run inside the repository");
    }
}
