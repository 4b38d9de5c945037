using System.Globalization;
using System.Text.Json;

namespace Distill.Verification.Code;

/// <summary>
/// Reads tests in the shapes of HumanEval, MBPP, LiveCodeBench, APPS and its kin, code_contests, and Codeforces as in open-r1, from a row's own
/// columns; and plain <c>tests</c>: a list of assertions, of <c>{input, output}</c>, or of <c>{arguments, expected}</c>.
/// </summary>
internal sealed class CodeTestReader
{
    // Limits of Codeforces are meant for C++; interpreters get more.
    private const double PythonFactor = 5, CSharpFactor = 2, MostSeconds = 60;
    private const long LeastMemory = 256L << 20, MostMemory = 4L << 30;

    private readonly Dictionary<string, JsonElement> _columns = new(StringComparer.Ordinal);

    private CodeTestReader(JsonElement row)
    {
        foreach (JsonProperty column in row.EnumerateObject()) _columns.TryAdd(column.Name.ToLowerInvariant(), column.Value);
    }

    /// <summary>Reads the tests; null when there are none that are understood.</summary>
    /// <param name="json">A JSON object of the row's columns.</param>
    public static CodeTests? TryRead(string json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            if (document.RootElement.ValueKind != JsonValueKind.Object) return null;
            var reader = new CodeTestReader(document.RootElement.Clone());
            CodeTests tests = reader.WithLimits(reader.Read());
            return tests.Count > 0 ? tests : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            return null;
        }
    }

    private CodeTests Read()
    {
        string? entryPoint = Text("entry_point") ?? Text("fn_name");
        if (Text("test") is { } check && entryPoint is not null) return new CodeTests { Assertions = [check], EntryPoint = entryPoint, Prefix = Text("prompt") ?? "" };
        if (Items("test_list") is { } assertions)
            return new CodeTests { Assertions = Texts(assertions), Setup = string.Join('\n', [.. Texts(Items("test_imports")), Text("test_setup_code") ?? Text("test_setup") ?? ""]) };
        if (Has("public_test_cases") || Has("private_test_cases")) return ReadLiveCodeBench();
        if (Parsed("input_output") is { } apps) return ReadParallel(apps);
        if (Items("official_tests") is { } official) return new CodeTests { Streams = Streams([.. official, .. Items("public_tests") ?? []]), Comparison = OutputComparison.Tokens };
        if (Has("public_tests") || Has("private_tests") || Has("generated_tests"))
            return new CodeTests { Streams = [.. new[] { "public_tests", "private_tests", "generated_tests" }.SelectMany(name => Parsed(name) is { } part ? ReadParallel(part).Streams : [])], Comparison = OutputComparison.Tokens };
        return ReadPlain(entryPoint);
    }

    private CodeTests ReadPlain(string? entryPoint)
    {
        if (Parsed("tests") is not { } tests) return new CodeTests();
        switch (tests.ValueKind)
        {
            case JsonValueKind.Object when tests.TryGetProperty("inputs", out _) || tests.TryGetProperty("input", out _):
                return ReadParallel(tests);
            case JsonValueKind.String:
                string text = tests.GetString()!;
                bool checks = entryPoint is not null && text.Contains("def check(", StringComparison.Ordinal);
                return new CodeTests { Assertions = [text], EntryPoint = checks ? entryPoint : null, Prefix = checks ? Text("prompt") ?? "" : "" };
            case JsonValueKind.Array when tests.GetArrayLength() > 0 && tests[0].ValueKind == JsonValueKind.String:
                return new CodeTests { Assertions = Texts(tests.EnumerateArray()), Setup = Text("test_setup_code") ?? "" };
            case JsonValueKind.Array when tests.GetArrayLength() > 0 && tests[0].TryGetProperty("expected", out _):
                return new CodeTests
                {
                    EntryPoint = entryPoint ?? throw new FormatException("calls without `entry_point`"),
                    Calls = [.. tests.EnumerateArray().Select(test => new CallTest([.. (test.TryGetProperty("arguments", out JsonElement given) ? given : test.GetProperty("args")).EnumerateArray()], test.GetProperty("expected")))],
                };
            case JsonValueKind.Array:
                return new CodeTests { Streams = Streams(tests.EnumerateArray()) };
            default:
                return new CodeTests();
        }
    }

    private CodeTests ReadLiveCodeBench()
    {
        JsonElement[] cases = [.. Items("public_test_cases") ?? [], .. Items("private_test_cases") ?? []];
        string? function = Parsed("metadata") is { ValueKind: JsonValueKind.Object } metadata && metadata.TryGetProperty("func_name", out JsonElement name) ? name.GetString() : null;
        bool functional = cases.Length > 0 && cases[0].TryGetProperty("testtype", out JsonElement kind) && kind.GetString() == "functional";
        if (!functional) return new CodeTests { Streams = Streams(cases) };
        return new CodeTests
        {
            EntryPoint = function ?? throw new FormatException("functional tests without `func_name`"),
            Prefix = "",
            Calls = [.. cases.Select(test => new CallTest([.. Field(test, "input").Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Json)], Json(Field(test, "output"))))],
        };
    }

    // Lists of inputs and of outputs side by side; with a function's name they are arguments and results.
    private static CodeTests ReadParallel(JsonElement tests)
    {
        JsonElement inputs = tests.TryGetProperty("inputs", out JsonElement many) ? many : tests.GetProperty("input");
        JsonElement outputs = tests.TryGetProperty("outputs", out many) ? many : tests.GetProperty("output");
        if (inputs.GetArrayLength() != outputs.GetArrayLength()) throw new FormatException("as many outputs as inputs are needed");
        var pairs = inputs.EnumerateArray().Zip(outputs.EnumerateArray());
        if (tests.TryGetProperty("fn_name", out JsonElement name) && name.ValueKind == JsonValueKind.String)
            return new CodeTests { EntryPoint = name.GetString(), Wrapped = true, Calls = [.. pairs.Select(pair => new CallTest([.. pair.First.EnumerateArray()], pair.Second))] };
        return new CodeTests { Streams = [.. pairs.Select(pair => new StreamTest(Joined(pair.First), Joined(pair.Second)))] };
    }

    private CodeTests WithLimits(CodeTests tests)
    {
        CodeLanguage language = Text("language")?.ToLowerInvariant() is "c#" or "cs" or "csharp" ? CodeLanguage.CSharp : tests.Language;
        double factor = language == CodeLanguage.CSharp ? CSharpFactor : PythonFactor;
        return tests with
        {
            Language = language,
            TimeLimit = Number("time_limit") is { } seconds and > 0 ? TimeSpan.FromSeconds(Math.Min(seconds * factor, MostSeconds)) : tests.TimeLimit,
            MemoryLimit = Number("memory_limit") is { } megabytes and > 0 ? Math.Clamp((long)megabytes << 20, LeastMemory, MostMemory) : tests.MemoryLimit,
            Checker = Text("generated_checker") ?? Text("checker"),
            InFiles = Text("input_mode") == "file",
            Comparison = Text("comparison") is { } comparison && Enum.TryParse(comparison.Replace("_", ""), ignoreCase: true, out OutputComparison chosen) ? chosen : tests.Comparison,
        };
    }

    private static StreamTest[] Streams(IEnumerable<JsonElement> tests) => [.. tests.Select(test => new StreamTest(Field(test, "input"), Field(test, "output")))];

    private static string Field(JsonElement test, string name) => Joined(test.GetProperty(name));

    // Inputs may be lists of lines.
    private static string Joined(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Array => string.Join('\n', value.EnumerateArray().Select(Joined)),
        _ => value.GetRawText(),
    };

    private static string[] Texts(IEnumerable<JsonElement>? values) => [.. (values ?? []).Select(Joined)];

    private bool Has(string name) => _columns.TryGetValue(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null;

    private string? Text(string name) => _columns.TryGetValue(name, out JsonElement value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text ? text : null;

    private double? Number(string name) => !_columns.TryGetValue(name, out JsonElement value) ? null
        : value.ValueKind == JsonValueKind.Number ? value.GetDouble()
        : double.TryParse(Text(name)?.Split(' ')[0], CultureInfo.InvariantCulture, out double number) ? number : null;

    /// <summary>A column that is JSON, or a text of JSON, or LiveCodeBench's packed text of JSON, or a mere text.</summary>
    private JsonElement? Parsed(string name)
    {
        if (!Has(name)) return null;
        JsonElement value = _columns[name];
        if (value.ValueKind != JsonValueKind.String) return value;
        string text = value.GetString()!;
        return TryJson(text) ?? (PickledText.TryUnpack(text) is { } unpacked ? TryJson(unpacked) : null) ?? value;
    }

    private JsonElement[]? Items(string name) => Parsed(name) is { ValueKind: JsonValueKind.Array } items ? [.. items.EnumerateArray()] : null;

    private static JsonElement? TryJson(string text)
    {
        try
        {
            return Json(text);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static JsonElement Json(string text)
    {
        using JsonDocument document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }
}
