using Distill.Verification;
using Xunit;

namespace Distill.Tests.Verification.Code;

/// <summary>A program that does not solve the problem cannot make its tests pass.</summary>
public sealed class CandidateAttemptTests
{
    private const string Assertions = """{"tests":["assert add(1, 2) == 3","assert add(20, 3) == 23"],"time_limit":0.3}""";
    private const string Check = """{"prompt":"def add(a, b):\n    \"\"\"Adds.\"\"\"\n","test":"def check(candidate):\n    assert candidate(1, 2) == 3\n    assert candidate(20, 3) == 23\n","entry_point":"add","time_limit":0.3}""";
    private const string Calls = """{"entry_point":"add","tests":[{"arguments":[1,2],"expected":3},{"arguments":[20,3],"expected":23}],"time_limit":0.3}""";

    [Theory]
    [InlineData("ending before the tests", "import os\ndef add(a, b): os._exit(0)")]
    [InlineData("ending at once", "import os\nos._exit(0)\ndef add(a, b): pass")]
    [InlineData("leaving politely", "import sys\ndef add(a, b): sys.exit(0)")]
    [InlineData("equal to everything", "class Any:\n    def __eq__(self, other): return True\n    def __ne__(self, other): return False\n    __hash__ = None\ndef add(a, b): return Any()")]
    [InlineData("a number equal to everything", "class Any(int):\n    def __eq__(self, other): return True\ndef add(a, b): return Any(5)")]
    [InlineData("a text equal to everything", "class Any(str):\n    def __eq__(self, other): return True\ndef add(a, b): return Any('5')")]
    [InlineData("a list equal to everything", "class Any(list):\n    def __eq__(self, other): return True\ndef add(a, b): return Any()")]
    [InlineData("comparison replaced", "import builtins, operator\noperator.eq = lambda a, b: True\nbuiltins.all = lambda x: True\ndef add(a, b): return 0")]
    [InlineData("assertion replaced", "import builtins\nclass Quiet(Exception): pass\nbuiltins.AssertionError = Quiet\ndef add(a, b): return 0")]
    [InlineData("print replaced", "import builtins, sys\nbuiltins.print = lambda *a, **k: None\nsys.stdout = None\ndef add(a, b): return 0")]
    [InlineData("success printed", "import os\nfor fd in range(20):\n    try: os.write(fd, b'{\"end\": \"passed\", \"passed\": 2, \"test\": 1}\\n')\n    except OSError: pass\ndef add(a, b): return 0")]
    [InlineData("success printed at the end", "import atexit, os\natexit.register(lambda: os.write(1, b'passed'))\ndef add(a, b): return 0")]
    [InlineData("the tests' memory searched", "import gc\nfound = [o for o in gc.get_objects() if isinstance(o, dict) and 'nonce' in o]\ndef add(a, b): return found and 3")]
    [InlineData("the caller's frames searched", "import sys\ndef add(a, b):\n    frame = sys._getframe()\n    while frame:\n        for value in list(frame.f_locals.values()):\n            if isinstance(value, dict) and 'nonce' in value: return 3\n        frame = frame.f_back\n    return 0")]
    [InlineData("the driver replaced", "import __main__, sys\nfor name in list(vars(__main__)):\n    if not name.startswith('__'): setattr(__main__, name, lambda *a, **k: None)\ndef add(a, b): return 0")]
    [InlineData("the tests' standard input read", "import os, sys\ndata = sys.stdin.read()\ndef add(a, b): return 3 if 'assert' in data else 0")]
    [InlineData("the tests' process killed", "import os, signal\ntry: os.kill(os.getppid(), signal.SIGKILL)\nexcept OSError: pass\ndef add(a, b): return 0")]
    [InlineData("the tests' process interrupted", "import os, signal\nos.kill(os.getppid(), signal.SIGINT)\ndef add(a, b): return 0")]
    [InlineData("a module planted", "open('/tmp/json.py', 'w').write('dumps = loads = lambda *a: {}')\ndef add(a, b): return 0")]
    [InlineData("nonsense answered", "import os\nfor fd in range(3, 10):\n    try: os.write(fd, b'\\x00\\x00\\x00\\x04true' * 100)\n    except OSError: pass\ndef add(a, b): return 0")]
    [InlineData("a huge answer claimed", "import os\nfor fd in range(3, 10):\n    try: os.write(fd, b'\\xff\\xff\\xff\\xff')\n    except OSError: pass\ndef add(a, b): return 0")]
    [InlineData("an answer nested without end", "def add(a, b):\n    x = []\n    x.append(x)\n    return x")]
    [InlineData("a function in place of the answer", "def add(a, b): return add")]
    [InlineData("nothing defined", "x = 1")]
    [InlineData("an assertion of its own", "def add(a, b): raise AssertionError")]
    [InlineData("only the first test answered", "def add(a, b): return 3")]
    [InlineData("memory without end", "def add(a, b): return bytearray(10 << 30)")]
    public void ATrickIsNotASolution(string trick, string program)
    {
        foreach (string tests in new[] { Assertions, Check, Calls })
        {
            Verdict verdict = Programs.JudgePython(tests, program);
            Assert.True(verdict.Outcome == Outcome.Incorrect, $"{trick}: {verdict.Outcome}, {verdict.Reason}");
        }
    }

    [Theory]
    [InlineData("def add(a, b): return a + b")]
    [InlineData("add = lambda a, b: sum([a, b])")]
    [InlineData("class Solution:\n    def add(self, a, b):\n        return a + b\ndef add(a, b): return Solution().add(a, b)")]
    [InlineData("import os\nprint('debug', flush=True)\nos.write(1, b'noise')\ndef add(a, b):\n    print(a, b)\n    return a + b\nif __name__ == '__main__':\n    print(add(int(input()), 1))")]
    public void ASolutionIsOne(string program)
    {
        foreach (string tests in new[] { Assertions, Check, Calls }.Select(tests => tests.Replace("0.3}", "60}", StringComparison.Ordinal))) // tricks may run out of time, solutions not
            Assert.Equal((Outcome.Correct, "tests_passed"), (Programs.JudgePython(tests, program).Outcome, Programs.JudgePython(tests, program).Reason));
    }

    [Theory]
    [InlineData("ending at once with success", "import os\nos._exit(0)")]
    [InlineData("a correct beginning", "print(1)")]
    [InlineData("the input copied", "print(input())")]
    [InlineData("the expected output looked for", "import os\nfor folder, _, names in os.walk('/job'):\n    for name in names:\n        text = open(os.path.join(folder, name)).read()\n        if '6\\n' in text.replace(' ', ''): print(text)")]
    [InlineData("everything printed", "print(1)\nprint(6)\nprint(2)\nprint(24)")]
    public void AnOutputIsNotGuessed(string trick, string program) =>
        Assert.True(Programs.JudgePython("""{"tests":[{"input":"3\n","output":"1\n6\n"},{"input":"4\n","output":"1\n24\n"}]}""", program).Outcome == Outcome.Incorrect, trick);
}
