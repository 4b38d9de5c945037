using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Distill.Prompts;
using Distill.Verification;
using Distill.Verification.Code;
using Distill.Verification.Sandboxing;
using Xunit;

namespace Distill.Tests.Verification.Code;

/// <summary>The shapes in which data sets write tests; their content is made up.</summary>
public sealed class CodeVerifierTests
{
    private const string Doubling = "print(2 * int(input()))";

    [Theory]
    [InlineData("""{"test_list":["assert twice(2) == 4"],"test_imports":["import math"],"test_setup_code":"n = math.floor(2.5)"}""")]
    [InlineData("""{"test_list":["assert twice(n) == 4"],"test_setup_code":"n = 2"}""")]
    [InlineData("""{"prompt":"import math\n\ndef twice(x):\n    '''Doubles.'''\n","test":"def check(f):\n    assert f(2) == 4\n","entry_point":"twice"}""")]
    [InlineData("""{"input_output":"{\"fn_name\": \"twice\", \"inputs\": [[2], [3]], \"outputs\": [4, [6]]}"}""")]
    [InlineData("""{"public_test_cases":"[{\"input\": \"2\", \"output\": \"4\", \"testtype\": \"functional\"}]","private_test_cases":"[]","metadata":"{\"func_name\": \"twice\"}"}""")]
    [InlineData("""{"tests":[{"arguments":[2],"expected":4}],"entry_point":"twice"}""")]
    [InlineData("""{"tests":"assert twice(2) == 4\nassert twice(0) == 0"}""")]
    public void AFunctionIsTestedInEveryShape(string tests)
    {
        Assert.Equal("tests_passed", Programs.JudgePython(tests, "def twice(x):\n    return 2 * x").Reason);
        Assert.Equal((Outcome.Incorrect, "wrong_answer"), Reasoned(Programs.JudgePython(tests, "def twice(x):\n    return 3 * x")));
        Assert.Equal((Outcome.Incorrect, "runtime_error"), Reasoned(Programs.JudgePython(tests, "def twice(x):\n    return x / 0")));
        Assert.Equal((Outcome.Incorrect, "compile_error"), Reasoned(Programs.JudgePython(tests, "def twice(x)\n    return 2 * x")));
    }

    [Theory]
    [InlineData("""{"public_test_cases":"[{\"input\": \"2\\n\", \"output\": \"4\\n\", \"testtype\": \"stdin\"}]","metadata":"{}"}""")]
    [InlineData("""{"input_output":"{\"inputs\": [\"2\\n\", [\"3\"]], \"outputs\": [\"4\", [\"6\"]]}"}""")]
    [InlineData("""{"official_tests":[{"input":"2","output":"4"}],"time_limit":20.0,"memory_limit":256.0,"input_mode":"stdio"}""")]
    [InlineData("""{"public_tests":{"input":["2"],"output":["4"]},"private_tests":{"input":["3"],"output":["6"]},"generated_tests":{"input":[],"output":[]}}""")]
    [InlineData("""{"tests":[{"input":"2","output":"4.0"}]}""")]
    public void AProgramIsTestedInEveryShape(string tests)
    {
        Assert.Equal("tests_passed", Programs.JudgePython(tests, Doubling).Reason);
        Assert.Equal("tests_passed", Programs.JudgePython(tests, "import sys\ndef main():\n    print(2 * int(sys.stdin.buffer.read()))\nif __name__ == '__main__':\n    main()").Reason);
        Assert.Equal("wrong_answer", Programs.JudgePython(tests, "print(3 * int(input()))").Reason);
        Assert.Equal("runtime_error", Programs.JudgePython(tests, "print(1 / (int(input()) * 0))").Reason);
        Assert.Equal("compile_error", Programs.JudgePython(tests, "print(").Reason);
    }

    [Fact]
    public void FilesInPlaceOfStreams() => Assert.Equal("tests_passed", Programs.JudgePython(
        """{"official_tests":[{"input":"2","output":"4"}],"input_mode":"file"}""", "open('output.txt', 'w').write(str(2 * int(open('input.txt').read())))").Reason);

    [Theory]
    [InlineData("print('B\\nA')", "tests_passed")]
    [InlineData("print('A\\nC')", "wrong_answer")]
    public void ACheckerDecidesWhereSeveralOutputsAreRight(string program, string reason)
    {
        string tests = JsonSerializer.Serialize(new Dictionary<string, object>
        {
            ["official_tests"] = new[] { new { input = "", output = "A\nB" } },
            ["generated_checker"] = "import sys\nwanted, got = (sorted(open(p).read().split()) for p in sys.argv[2:4])\nprint(1 if wanted == got else 0)",
        });

        Assert.Equal(reason, Programs.JudgePython(tests, program).Reason);
    }

    [Fact]
    public void ABrokenCheckerSaysNothingAboutTheProgram() => Assert.Equal((Outcome.Unverifiable, "checker_error"), Reasoned(Programs.JudgePython(
        """{"official_tests":[{"input":"","output":"A"}],"generated_checker":"print(undefined)"}""", "print('A')")));

    [Fact]
    public void LiveCodeBenchsPackedTestsAreRead()
    {
        byte[] json = Encoding.UTF8.GetBytes("""[{"input": "21", "output": "42", "testtype": "stdin"}]""");
        using var packed = new MemoryStream();
        // Protocol 4: frame, short text with its length, memo, stop; as pickle.dumps writes it.
        using (var zlib = new ZLibStream(packed, CompressionLevel.Optimal, leaveOpen: true))
            zlib.Write([0x80, 4, 0x95, (byte)(json.Length + 4), 0, 0, 0, 0, 0, 0, 0, 0x8c, (byte)json.Length, .. json, 0x94, (byte)'.']);
        string tests = JsonSerializer.Serialize(new { public_test_cases = """[{"input": "1", "output": "2", "testtype": "stdin"}]""", private_test_cases = Convert.ToBase64String(packed.ToArray()), metadata = "{}" });

        Assert.Equal("tests_passed", Programs.JudgePython(tests, Doubling).Reason);
        Assert.Equal("wrong_answer", Programs.JudgePython(tests, "print(2)").Reason);
    }

    [Theory]
    [InlineData("posix system", "cposix\nsystem\n(S'true'\ntR.")]
    [InlineData("two texts", "X\u0001\0\0\0aX\u0001\0\0\0b.")]
    [InlineData("no end", "X\u0001\0\0\0a")]
    [InlineData("a length beyond the end", "X\u00ff\0\0\0a.")]
    public void APickleOfAnythingElseIsRefused(string what, string pickle) => Assert.True(PickledText.TryRead(Encoding.Latin1.GetBytes(pickle)) is null, what);

    [Theory]
    [InlineData("the value of a name in the prompt", """{"prompt":"def helper(x):\n    return x + 1\n\ndef f(x):\n    '''Adds two.'''\n","test":"def check(c):\n    assert c(1) == helper(2)\n","entry_point":"f"}""", "def f(x):\n    return x + 2")]
    [InlineData("arguments changed in place", """{"tests":["a = [3, 1]\nf(a)\nassert a == [1, 3]"]}""", "def f(x): x.sort()")]
    [InlineData("a generator", """{"tests":["assert list(f(3)) == [0, 1, 2]"]}""", "def f(n): yield from range(n)")]
    [InlineData("a function as argument", """{"tests":["assert f(lambda x: x * 2, [1, 2]) == [2, 4]"]}""", "def f(g, xs): return [g(x) for x in xs]")]
    [InlineData("an exception", """{"tests":["try:\n    f(-1)\n    assert False\nexcept ValueError as e:\n    assert 'negative' in str(e)"]}""", "def f(x):\n    if x < 0: raise ValueError('negative')")]
    [InlineData("an exception of its own", """{"tests":["try:\n    f()\n    assert False\nexcept Odd: pass"]}""", "class Odd(Exception): pass\ndef f(): raise Odd()")]
    [InlineData("classes", """{"tests":["p = Pair(5, 24)\nassert p.total() == 29 and longest([Pair(1, 2), p]) == 2"]}""", "class Pair:\n    def __init__(self, a, b): self.a, self.b = a, b\n    def total(self): return self.a + self.b\ndef longest(pairs): return len([p for p in pairs if p.a < p.b])")]
    [InlineData("every kind of value", """{"tests":["v = f()\nassert v == (1, 2.5, 'x', None, True, [1], {1: {2}}, frozenset([3]), b'b', 1j, range(3), 10**5000)\nassert type(v) is tuple"]}""", "def f(): return (1, 2.5, 'x', None, True, [1], {1: {2}}, frozenset([3]), b'b', 1j, range(3), 10**5000)")]
    [InlineData("values of the library", """{"tests":["import collections, decimal, fractions\nassert f() == (collections.Counter('aab'), collections.deque([1]), decimal.Decimal('1.5'), fractions.Fraction(1, 3))"]}""", "from collections import *\nfrom decimal import Decimal\nfrom fractions import Fraction\ndef f(): return (Counter('aab'), deque([1]), Decimal('1.5'), Fraction(1, 3))")]
    [InlineData("not a number", """{"tests":["import math\nassert math.isnan(f()) and g() == float('inf')"]}""", "def f(): return float('nan')\ndef g(): return float('inf')")]
    [InlineData("names that nobody imported", """{"tests":["assert f([3, 1]) == 1"]}""", "def f(xs: List[int]) -> int:\n    heapq.heapify(xs)\n    return heappop(xs)")]
    [InlineData("an import from the future", """{"tests":["assert f(4) == 2"]}""", "from __future__ import annotations\ndef f(x: Undefined): return math.isqrt(x)")]
    public void TestsSeeWhatTheProgramGives(string what, string tests, string program)
    {
        Verdict verdict = Programs.JudgePython(tests, program);

        Assert.True(verdict.Reason == "tests_passed", $"{what}: {verdict.Reason}");
    }

    [Theory]
    [InlineData("""{"tests":[{"input":"","output":"1"}]}""", "while True: pass")]
    [InlineData("""{"tests":["assert f() == 1"]}""", "def f():\n    while True: pass")]
    public void ALoopIsATimeLimit(string tests, string program) =>
        Assert.Equal((Outcome.Incorrect, "time_limit"), Reasoned(Programs.JudgePython(tests[..^1] + ",\"time_limit\":0.2}", program)));

    [Theory]
    [InlineData("{}", "no_tests")]
    [InlineData("""{"tests":[]}""", "no_tests")]
    [InlineData("not json", "no_tests")]
    [InlineData("""{"tests":["assert ("]}""", "bad_tests")]
    public void TestsThatAreNoneSayNothing(string tests, string reason) => Assert.Equal((Outcome.Unverifiable, reason), Reasoned(Programs.JudgePython(tests, "x = 1")));

    [Fact]
    public void ProseIsNoProgram() => Assert.Equal((Outcome.Unverifiable, "no_answer"), Reasoned(Programs.Judge("""{"tests":["assert f() == 1"]}""", "I would sort the list first.")));

    [Fact]
    public void WithoutASandboxNothingRuns() =>
        Assert.Equal((Outcome.Unverifiable, "sandbox_unavailable"), Reasoned(Programs.Judge("""{"tests":["assert f() == 1"]}""", "```python\ndef f(): return 1\n```", new CodeVerifier(new SandboxSupport()))));

    [Fact]
    public void PromptsBringTheirTests()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["mbpp.jsonl"], """{"task_id": 7, "text": "Double a number.", "code": "def twice(x): return 2 * x", "test_list": ["assert twice(2) == 4"], "test_setup_code": ""}""" + "\n");

        Prompt prompt = PromptReader.Read(folder["mbpp.jsonl"]).Single();

        Assert.Equal("tests_passed", new CodeVerifier().Verify(prompt, Programs.Completion("```python\ndef twice(x): return x + x\n```")).Reason);
    }

    private static (Outcome, string) Reasoned(Verdict verdict) => (verdict.Outcome, verdict.Reason);
}
