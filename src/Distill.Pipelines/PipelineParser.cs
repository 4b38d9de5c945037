using Distill.Runs;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Distill.Pipelines;

/// <summary>
/// Reads the YAML of a pipeline event by event: every value keeps its line, the depth is fixed, and nothing in the file can
/// grow beyond it (anchors and aliases are refused).
/// </summary>
internal sealed class PipelineParser
{
    public const int MaxBytes = 1 << 20;

    private const string FormHint = "see pipelines/README.md for the form of a pipeline";

    private static readonly string[] TopKeys = ["name", "seed", "defaults", "stages"];

    private readonly string _path;
    private readonly IReadOnlyList<StageKind> _kinds;
    private readonly YamlEvents _events;

    private PipelineParser(string path, IReadOnlyList<StageKind> kinds, YamlEvents events) => (_path, _kinds, _events) = (path, kinds, events);

    public static PipelineFile Parse(string path, string text, IReadOnlyList<StageKind> kinds) =>
        new PipelineParser(path, kinds, YamlEvents.Open(path, text, FormHint, plain: "pipelines")).ReadFile(text);

    private PipelineFile ReadFile(string text)
    {
        Expect<MappingStart>("a pipeline is a map with `name` and `stages`");
        string? name = null;
        OptionValue? seed = null;
        List<PipelineStage>? stages = null;
        Dictionary<StageKind, List<OptionValue>> defaults = [];
        foreach (var (key, place) in Keys(TopKeys, "of a pipeline"))
        {
            if (key == "name") name = ReadName(place);
            else if (key == "seed") seed = new OptionValue(key, ReadValues(key, place), place);
            else if (key == "defaults") defaults = ReadDefaults(place);
            else stages = ReadStages(place);
        }
        if (name is null) throw new InputException($"{_path}: key `name` is missing", "add `name: my-run`; the run folder is called after it");
        if (stages is not { Count: > 0 }) throw new InputException($"{_path}: there are no stages", "add `stages:` with at least one `- train: { ... }`");
        if (defaults.FirstOrDefault(some => stages.All(stage => stage.Kind != some.Key)) is { Key: { } unused })
            throw new InputException($"{_path}: `defaults` are given for `{unused.Name}`, and no stage is one", "delete them, or add the stage");
        return new PipelineFile(_path, text, name, seed, [.. stages.Select(stage => defaults.TryGetValue(stage.Kind, out List<OptionValue>? shared) ? stage with { Values = [.. shared, .. stage.Values] } : stage)]);
    }

    // What all stages of a command share; a stage's own keys stand behind and so go before.
    private Dictionary<StageKind, List<OptionValue>> ReadDefaults(string place)
    {
        Expect<MappingStart>("`defaults` is a map from commands to options: `train: { ... }`", place);
        var defaults = new Dictionary<StageKind, List<OptionValue>>();
        foreach (var (command, of) in Keys(known: null, "of `defaults`"))
        {
            StageKind kind = Kind(command, of);
            Expect<MappingStart>($"the defaults of `{command}` are a map: `{command}: {{ key: value }}`", of);
            var values = new List<OptionValue>();
            foreach (var (key, where) in Keys(known: null, $"of the defaults of `{command}`"))
            {
                IReadOnlyList<string> texts = ReadValues(key, where);
                if (key is "id" or "out") throw new InputException($"{where}: key `{key}` cannot be a default", "it belongs to one stage");
                values.Add(new OptionValue(key, texts, where));
            }
            defaults.Add(kind, values);
        }
        return defaults;
    }

    private string ReadName(string place)
    {
        string name = ReadValues("name", place) is [var only] ? only : "";
        return IsFolderName(name) ? name : throw new InputException($"{place}: `{name}` cannot name a pipeline", "use letters, digits, `-`, `_` and `.`");
    }

    private List<PipelineStage> ReadStages(string place)
    {
        Expect<SequenceStart>("`stages` is a list, one `- train: { ... }` per stage", place);
        var stages = new List<PipelineStage>();
        while (_events.Current is not SequenceEnd)
        {
            PipelineStage stage = ReadStage();
            if (stages.Find(other => other.Id == stage.Id) is { } twin)
                throw new InputException($"{stage.Place}: stage `{stage.Id}` exists already (line {twin.Place.Split(':')[^1]})", "give one of them another `id`");
            stages.Add(stage);
        }
        Next();
        return stages;
    }

    private PipelineStage ReadStage()
    {
        string place = _events.Place;
        if (_events.Current is Scalar bare) // `- eval` without options
        {
            Next();
            return new PipelineStage(bare.Value, Kind(bare.Value, place), place, []);
        }
        Expect<MappingStart>("a stage is a map of one key, the command: `- train: { ... }`");
        (string command, place) = ReadKey();
        StageKind kind = Kind(command, place);
        PipelineStage stage = new(command, kind, place, []);
        if (_events.Current is MappingStart) stage = ReadOptions(stage);
        else if (ReadValues(command, place).Count > 0) throw new InputException($"{place}: the options of `{command}` are a map", $"write `- {command}: {{ key: value }}`");
        if (_events.Current is not MappingEnd)
            throw new InputException($"{_events.Place}: a stage has one command, and this one has a second key", "indent the options below the command, or start a new `- `");
        Next();
        return stage;
    }

    private PipelineStage ReadOptions(PipelineStage stage)
    {
        Next();
        string id = stage.Id;
        var values = new List<OptionValue>();
        foreach (var (key, place) in Keys(known: null, $"of stage `{id}`"))
        {
            IReadOnlyList<string> texts = ReadValues(key, place);
            if (key == "id")
            {
                id = texts is [var only] && IsStageId(only) ? only
                    : throw new InputException($"{place}: `{string.Join(' ', texts)}` cannot name a stage", "use letters, digits, `-` and `_`");
            }
            else if (key == "out") throw new InputException($"{place}: key `out` is set by the pipeline", "delete it; the stage's folder is called after its `id`");
            else values.Add(new OptionValue(key, texts, place));
        }
        return stage with { Id = id, Values = values };
    }

    // Leaves the events behind the map's end.
    private IEnumerable<(string Key, string Place)> Keys(string[]? known, string of)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (_events.Current is not MappingEnd)
        {
            var (key, place) = ReadKey();
            if (known?.Contains(key) == false) throw new InputException($"{place}: key `{key}` {of} is unknown", NearestName.Hint(key, known));
            if (!seen.Add(key.Replace('-', '_'))) throw new InputException($"{place}: key `{key}` {of} is given twice", "delete one of the two");
            yield return (key, place);
        }
        Next();
    }

    private (string Key, string Place) ReadKey()
    {
        string place = _events.Place;
        if (_events.Current is not Scalar key) throw new InputException($"{place}: a key is a word", "write `key: value`");
        Next();
        return (key.Value, place);
    }

    private List<string> ReadValues(string key, string place)
    {
        if (_events.Current is Scalar scalar)
        {
            Next();
            return IsNull(scalar) ? [] : [scalar.Value];
        }
        if (_events.Current is not SequenceStart) throw new InputException($"{place}: key `{key}` takes a value or a list of values", $"write `{key}: value` or `{key}: [a, b]`");
        Next();
        var values = new List<string>();
        while (_events.Current is Scalar item)
        {
            values.Add(item.Value);
            Next();
        }
        if (_events.Current is not SequenceEnd) throw new InputException($"{_events.Place}: key `{key}`: a list holds plain values", $"write `{key}: [a, b]`");
        Next();
        return values;
    }

    private StageKind Kind(string command, string place) => _kinds.FirstOrDefault(kind => kind.Name == command)
        ?? throw new InputException($"{place}: stage `{command}` is unknown", NearestName.Hint(command, [.. _kinds.Select(kind => kind.Name)]));

    private static bool IsNull(Scalar scalar) =>
        scalar is { IsPlainImplicit: true, Style: ScalarStyle.Plain } && scalar.Value is "" or "~" or "null" or "Null" or "NULL";

    private static bool IsFolderName(string name) =>
        name.Length is > 0 and <= 100 && name[0] != '.' && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');

    // No dots: run.json and report.html stand beside the stage folders.
    private static bool IsStageId(string id) => IsFolderName(id) && !id.Contains('.');

    private void Expect<T>(string otherwise, string? place = null)
        where T : ParsingEvent
    {
        if (_events.Current is not T) throw new InputException($"{place ?? _events.Place}: {otherwise}", FormHint);
        Next();
    }

    private void Next() => _events.MoveNext();
}
