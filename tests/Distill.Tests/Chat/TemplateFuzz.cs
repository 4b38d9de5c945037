using System.Text.Json.Nodes;
using Distill.Chat;

namespace Distill.Tests.Chat;

/// <summary>Templates out of every construct there is, sound and damaged, rendered.</summary>
internal static class TemplateFuzz
{
    private static readonly string[] Names = ["messages", "message", "content", "tools", "bos_token", "x", "ns", "loop", "n", "s", "range", "namespace", "dict", "raise_exception", "strftime_now", "missing", "f"];
    private static readonly string[] Members = ["role", "content", "index", "index0", "last", "first", "length", "cycle", "items", "keys", "values", "get", "split", "strip", "rsplit", "replace", "join", "format", "x", "y", "startswith", "find", "count", "upper", "title", "partition", "splitlines", "__class__"];
    private static readonly string[] Filters = ["trim", "tojson", "length", "join", "default", "upper", "lower", "capitalize", "title", "replace", "indent", "string", "safe", "escape", "int", "float", "abs", "round", "list", "items", "first", "last", "reverse", "sort", "dictsort", "unique", "min", "max", "sum", "map", "select", "reject", "selectattr", "rejectattr", "format", "wordcount", "from_json", "nope"];
    private static readonly string[] Tests = ["defined", "undefined", "none", "string", "number", "mapping", "iterable", "sequence", "true", "odd", "even", "lower", "upper", "in", "eq", "sameas", "divisibleby", "lt", "callable", "nope"];
    private static readonly string[] Operators = ["+", "-", "*", "/", "//", "%", "**", "~", "==", "!=", "<", "<=", " in ", " not in ", " and ", " or "];
    private static readonly string[] Literals = ["1", "0", "-1", "3.5", "1e9", "10", "99999", "2147483647", "9223372036854775807", "'a'", "''", "'a,b,c'", "'😀é'", "\"\\u00e9\"", "'{} {0}'", "'%s %d'", "true", "none", "[]", "{}", "()", "[1, 2, 3]", "{'a': 1}", "('x', 'y')"];
    private static readonly string[] Broken = ["{{", "}}", "{%", "%}", "{%-", "-%}", "{#", "#}", "(", ")", "[", "]", "{", "}", "'", "\"", "|", ".", ",", ":", "\\", "\n", "{% endif %}", "{% endfor %}", "{% else %}", "{% raw %}", "{% break %}", "{% filter trim %}", "é", "\ud800", "\0"];

    private static readonly JsonArray Messages = (JsonArray)JsonNode.Parse(
        """[{"role": "system", "content": "Be brief. "}, {"role": "user", "content": "1+1? <think> 😀"}, {"role": "assistant", "content": "a</think>b", "tool_calls": [{"function": {"name": "f", "arguments": {"a": [1, 2.5, null, true]}}}]}]""")!;

    /// <summary>Renders <paramref name="count"/> templates, the same for the same seed.</summary>
    public static FuzzTally Run(int seed, int count, FuzzTally? into = null)
    {
        var random = new Random(seed);
        FuzzTally tally = into ?? new FuzzTally();
        for (int i = 0; i < count; i++)
        {
            string source = random.Next(4) == 0 ? ChatFormat.DeepSeekR1 : Body(random, 3);
            if (random.Next(3) == 0) source = Damage(random, source);
            tally.Try(source, () => ChatTemplate.Parse(source, new Dictionary<string, string> { ["bos_token"] = "<s>" }).RenderJson((JsonArray)Messages.DeepClone(), true, new JsonObject { ["n"] = 7, ["s"] = "some text" }));
        }
        return tally;
    }

    private static string Pick(Random random, string[] from) => from[random.Next(from.Length)];

    private static string Body(Random random, int depth) => string.Concat(Enumerable.Range(0, random.Next(1, 4)).Select(_ => Statement(random, depth)));

    private static string Statement(Random random, int depth)
    {
        string E() => Expression(random, depth);
        string Inner() => depth > 0 ? Body(random, depth - 1) : "text\n";
        return random.Next(11) switch
        {
            0 => $"{{% if {E()} %}}{Inner()}{{% elif {E()} %}}{Inner()}{{% else %}}{Inner()}{{% endif %}}",
            1 => $"{{%- for {Pick(random, ["x", "message", "x, y"])} in {Pick(random, ["messages", "range(300)", E()])}{(random.Next(4) == 0 ? " if " + E() : "")} -%}}{Inner()}{(random.Next(6) == 0 ? "{% break %}" : "")}{{% endfor %}}",
            2 => $"{{% set {Pick(random, ["x", "s", "n", "ns.x"])} = {E()} %}}",
            3 when random.Next(6) == 0 => $"{{% set ns = namespace(x={(random.Next(2) == 0 ? "'x' * 1000000" : E())}) %}}{{% for y in range({random.Next(60)}) %}}{{% set ns.x = {Pick(random, ["ns.x + ns.x", "[ns.x, ns.x]", "(ns.x, ns.x)", "ns.x ~ ns.x", "{'a': ns.x, 'b': ns.x}", E()])} %}}{{% endfor %}}{{{{ {Pick(random, ["ns.x", "ns.x | tojson", "ns.x == [ns.x]", "ns.x | length", "ns.x in [ns.x]", E()])} }}}}",
            4 => $"{{% macro f(a, b={E()}) %}}{Inner()}{{{{ a }}}}{(random.Next(3) == 0 ? "{{ f(a) }}" : "")}{{% endmacro %}}{{{{ f({E()}) }}}}",
            5 => random.Next(2) == 0 ? $"{{% set x | {Pick(random, Filters)} %}}{Inner()}{{% endset %}}" : $"{{% filter {Pick(random, Filters)} %}}{Inner()}{{% endfilter %}}",
            6 => $"{{% with x = {E()} %}}{Inner()}{{% endwith %}}",
            7 => $"{{# note #}} text {{% raw %}}{{{{ raw }}}}{{% endraw %}}\n",
            _ => $"{{{{ {E()} }}}}",
        };
    }

    private static string Expression(Random random, int depth)
    {
        if (depth <= 0 || random.Next(6) == 0) return random.Next(2) == 0 ? Pick(random, Names) : Pick(random, Literals);
        string E() => Expression(random, depth - 1);
        return random.Next(12) switch
        {
            0 => $"({E()}{Pick(random, Operators)}{E()})",
            1 => $"{E()}.{Pick(random, Members)}",
            2 => $"{E()}.{Pick(random, Members)}({E()}{(random.Next(2) == 0 ? ", " + E() : "")})",
            3 => $"{E()}[{E()}]",
            4 => $"{E()}[{(random.Next(2) == 0 ? E() : "")}:{(random.Next(2) == 0 ? E() : "")}{(random.Next(3) == 0 ? ":" + E() : "")}]",
            5 => $"{E()} | {Pick(random, Filters)}",
            6 => $"{E()} | {Pick(random, Filters)}({Pick(random, ["'role'", "'upper'", "attribute='role'", "2, true", E()])})",
            7 => $"({E()} is {(random.Next(3) == 0 ? "not " : "")}{Pick(random, Tests)}{(random.Next(3) == 0 ? $"({E()})" : "")})",
            8 => $"({E()} if {E()} else {E()})",
            9 => $"[{E()}, {E()}]",
            10 => $"{{'a': {E()}, {E()}: {E()}}}",
            _ => $"(not {E()})",
        };
    }

    private static string Damage(Random random, string source)
    {
        for (int edits = random.Next(1, 4); edits > 0; edits--)
        {
            int at = random.Next(source.Length + 1), length = Math.Min(random.Next(20), source.Length - at);
            source = random.Next(3) switch
            {
                0 => source.Remove(at, length),
                1 => source.Insert(at, source.Substring(at, length)),
                _ => source.Insert(at, Pick(random, Broken)),
            };
        }
        return source;
    }
}
