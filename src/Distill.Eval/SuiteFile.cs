using System.Globalization;
using Distill.Prompts;
using Distill.Runs;
using YamlDotNet.Core.Events;

namespace Distill.Eval;

/// <summary>
/// Reads a suite's YAML event by event: every value keeps its line, the depth is fixed, and nothing in the file can name a
/// type or grow beyond it (anchors and aliases are refused).
/// </summary>
internal sealed class SuiteFile
{
    private const int MaxBytes = 1 << 20;

    private const string FormHint = "see eval/README.md for the form of a suite";

    private static readonly string[] Keys =
        ["name", "version", "prompts", "source", "sha256", "generate", "template", "samples", "temperature", "top_p", "max_tokens", "verifier", "metric"];

    private static readonly string[] GenerateKeys = ["kind", "split", "count", "seed"];

    private readonly string path;
    private readonly YamlEvents events;

    private SuiteFile(string path, YamlEvents events) => (this.path, this.events) = (path, events);

    public static EvalSuite Read(string path)
    {
        if (!File.Exists(path)) throw new InputException($"{path}: no such suite", "give the path of a suite's YAML file, e.g. eval/suites/arithmetic-basic.yaml");
        if (new FileInfo(path).Length > MaxBytes) throw new InputException($"{path}: larger than 1 MB, so not a suite", "a suite names its prompts by path");
        return new SuiteFile(path, YamlEvents.Open(path, File.ReadAllText(path), FormHint, plain: "suites")).ReadSuite();
    }

    private EvalSuite ReadSuite()
    {
        SuiteKeys keys = ReadMap("a suite is a map of keys", Keys, "generate");
        SuiteKeys? generate = keys.Nested;
        bool reads = keys.Has("prompts");
        if (reads == generate is not null) throw new InputException($"{path}: a suite has either `prompts` or `generate`", "name a file of prompts, or a generator");
        string name = keys.Text("name");
        if (name[0] == '.' || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
            throw keys.Wrong("name", "cannot name a suite", "use letters, digits, `-`, `_` and `.`");
        return new EvalSuite
        {
            Name = name,
            Version = keys.Whole("version"),
            Path = path,
            Prompts = reads ? Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, keys.Text("prompts"))) : null,
            Source = keys.Has("source") ? keys.Text("source") : null,
            PromptsHash = keys.Has("sha256") ? keys.Text("sha256") : null,
            Generate = generate is null ? null : ReadGenerate(generate),
            Template = keys.Word<PromptTemplate>("template", PromptTemplate.None),
            Samples = keys.Whole("samples", 1),
            Temperature = keys.Number("temperature", 0.6),
            TopP = keys.Number("top_p", 0.95),
            MaxTokens = keys.Whole("max_tokens", 32768),
            Verifiers = ReadVerifiers(keys),
            PassAt = [.. keys.List("metric", "pass@1").Select(metric => ReadMetric(keys, metric)).Append(1).Distinct().Order()],
        };
    }

    private static ArithmeticSet ReadGenerate(SuiteKeys keys)
    {
        if (keys.Text("kind") != "arithmetic") throw keys.Wrong("kind", "is unknown", "choose `arithmetic`");
        int count = keys.Whole("count");
        if (count is < 1 or > 100_000) throw keys.Wrong("count", "is out of range", "give 1 to 100000");
        return new ArithmeticSet(keys.Word<ArithmeticSplit>("split"), count, keys.Whole("seed"));
    }

    private static IReadOnlyList<string> ReadVerifiers(SuiteKeys keys)
    {
        IReadOnlyList<string> names = keys.List("verifier", "math");
        string[] judging = [.. Verification.Verifiers.Names.Except(["none"])];
        if (names.FirstOrDefault(name => !judging.Contains(name)) is { } unknown) throw keys.Wrong("verifier", $"`{unknown}` is unknown", NearestName.Hint(unknown, judging));
        return names;
    }

    private static int ReadMetric(SuiteKeys keys, string metric) =>
        metric.StartsWith("pass@", StringComparison.Ordinal) && int.TryParse(metric.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out int k) && k >= 1
            ? k : throw keys.Wrong("metric", $"`{metric}` is unknown", "choose `pass@1` or another `pass@k`");

    // Leaves the events behind the map's end.
    private SuiteKeys ReadMap(string otherwise, string[] known, string? nested)
    {
        if (events.Current is not MappingStart) throw new InputException($"{events.Place}: {otherwise}", FormHint);
        var keys = new SuiteKeys(path, events.Line);
        Next();
        while (events.Current is not MappingEnd)
        {
            int line = events.Line;
            string place = events.Place;
            if (events.Current is not Scalar key) throw new InputException($"{place}: a key is a word", "write `key: value`");
            if (!known.Contains(key.Value)) throw new InputException($"{place}: key `{key.Value}` is unknown", NearestName.Hint(key.Value, known));
            if (keys.Has(key.Value)) throw new InputException($"{place}: key `{key.Value}` is given twice", "delete one of the two");
            Next();
            if (key.Value == nested) keys.Nested = ReadMap($"key `{nested}` takes a map", GenerateKeys, null);
            keys.Add(key.Value, line, key.Value == nested ? [] : ReadValues(key.Value, place));
        }
        Next();
        return keys;
    }

    private List<string> ReadValues(string key, string place)
    {
        var values = new List<string>();
        if (events.Current is Scalar scalar)
        {
            values.Add(scalar.Value);
        }
        else
        {
            if (events.Current is not SequenceStart) throw new InputException($"{place}: key `{key}` takes a value or a list of values", $"write `{key}: value` or `{key}: [a, b]`");
            for (Next(); events.Current is Scalar item; Next()) values.Add(item.Value);
            if (events.Current is not SequenceEnd) throw new InputException($"{events.Place}: key `{key}`: a list holds plain values", $"write `{key}: [a, b]`");
        }
        Next();
        return values;
    }

    private void Next() => events.MoveNext();
}
