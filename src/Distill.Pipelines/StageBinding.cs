using System.Text.Json.Nodes;
using Distill.Runs;
using Distill.Weights;

namespace Distill.Pipelines;

/// <summary>A stage with its options resolved: every path found, every reference followed, its identity known.</summary>
/// <param name="Options">The options record, ready to run.</param>
/// <param name="Fingerprint">Identity: the same fingerprint means the same result.</param>
/// <param name="Inputs">What it reads: content hash by path, or the fingerprint of the stage that makes it.</param>
/// <param name="Needs">Ids of the stages it reads from.</param>
internal sealed record StageBinding(
    object Options, string Fingerprint, SortedDictionary<string, string> Inputs, IReadOnlyList<string> Needs)
{
    // Part of every fingerprint. Raise it when a stage's result changes for the same options and inputs.
    private const string Format = "distill-stage/2";

    /// <summary>Resolves a stage.</summary>
    /// <param name="kind">The command.</param>
    /// <param name="place">Where the stage stands (<c>file:line</c>), or null on a command line.</param>
    /// <param name="values">What the user gave, later values before earlier ones.</param>
    /// <param name="folder">The stage's folder, or null when the values name it.</param>
    /// <param name="earlier">The stages that a reference may name, by id.</param>
    /// <param name="hashes">Gives content hashes.</param>
    public static StageBinding Make(
        StageKind kind, string? place, IEnumerable<OptionValue> values, string? folder,
        IReadOnlyDictionary<string, PlannedStage> earlier, InputHashes hashes)
    {
        OptionSet set = kind.Options;
        List<OptionValue> given = [.. values];
        if (folder != null) given.Add(new OptionValue("out", [folder], "--out"));
        JsonObject identity = set.ToResultJson(set.Bind(kind.Name, place, given)); // checks every name and type first

        var resolution = new Resolution(earlier, hashes);
        var resolved = new List<OptionValue>();
        foreach (StageOption option in set.Options)
        {
            OptionValue? value = given.FindLast(value => set.Find(value.Key) == option);
            if (value == null && option is { IsPath: true, DefaultTexts.Count: > 0 }) value = new OptionValue(option.Key, option.DefaultTexts, option.Flag);
            if (value == null) continue;
            bool isInput = option.IsText && option.Key != "out";
            resolved.Add(isInput ? value with { Values = [.. value.Values.Select(text => resolution.Resolve(option, value, text))] } : value);
        }
        string fingerprint = Runs.Fingerprint.OfTexts([Format, kind.Name, identity.ToJsonString(), .. resolution.Identities]);
        return new StageBinding(set.Bind(kind.Name, place, resolved), fingerprint, resolution.Inputs, [.. resolution.Needs]);
    }

    private sealed class Resolution(IReadOnlyDictionary<string, PlannedStage> earlier, InputHashes hashes)
    {
        public SortedDictionary<string, string> Inputs { get; } = new(StringComparer.Ordinal);

        public List<string> Identities { get; } = [];

        public SortedSet<string> Needs { get; } = new(StringComparer.Ordinal);

        public string Resolve(StageOption option, OptionValue value, string text)
        {
            if (text.StartsWith('$')) return Follow(option, value, text);
            if (!option.IsPath || text.Length == 0) return text;
            // No part of the stage's identity, and it need not be there: a cache is made by the first run that names it.
            if (option.DoesNotChangeResult) return !Path.Exists(text) && InstallFolder.Find(text) is { } installed ? installed : text;
            if (InstallFolder.Find(text) is { } found)
            {
                string path = Path.Exists(text) ? text : found;
                string hash = hashes.Of(path);
                Inputs[path] = hash;
                Identities.AddRange([option.Key, "content", hash]);
                return path;
            }
            if (option.MayBeName && CanBeAName(text))
            {
                Identities.AddRange([option.Key, "name", text]);
                return text;
            }
            throw new InputException($"{value.Place}: {text} does not exist", HintFor(value, text));
        }

        private string HintFor(OptionValue value, string text)
        {
            if (!value.IsFlag && earlier.ContainsKey(text.Split('/')[0])) return $"did you mean `${text}`?";
            if (GgufShards.InsteadOf(text) is { } first) return $"it lies there in shards: give the first one, {first}";
            if (text.Contains("://", StringComparison.Ordinal)) return "give a file or folder: servers are asked by `teacher-gen`, with `--endpoint`";
            return "check the path; it is looked up from the working folder, then from where distill is installed";
        }

        // A bare word may name something built in, e.g. the preset `qwen-1.5b`; the stage knows. No file ends in a dot and a digit.
        private static bool CanBeAName(string text) =>
            text.AsSpan().IndexOfAny('/', '\\') < 0 && text.LastIndexOf('.') is var dot && (dot < 0 || (dot + 1 < text.Length && char.IsAsciiDigit(text[dot + 1])));

        private string Follow(StageOption option, OptionValue value, string text)
        {
            string[] parts = text[1..].Split('/', 2);
            if (!earlier.TryGetValue(parts[0], out PlannedStage? stage))
            {
                string hint = NearestName.Find(parts[0], earlier.Keys) is { } nearest ? $"did you mean `${nearest}`?"
                    : earlier.Count == 0 ? "a reference names a stage that stands before this one in a pipeline file"
                    : "stages before this one: " + string.Join(", ", earlier.Keys.Select(id => $"`${id}`"));
                throw new InputException($"{value.Place}: `${parts[0]}` names no earlier stage", hint);
            }
            if (parts.Length > 1 && parts[1].Split('/', '\\').Contains(".."))
                throw new InputException($"{value.Place}: `{text}` leaves the stage's folder", "name a file or folder inside it");
            string below = parts.Length > 1 ? parts[1] : stage.Kind.MainOutput;
            string path = below.Length == 0 ? stage.Folder : Path.Combine(stage.Folder, below);
            Needs.Add(stage.Id);
            if (option.DoesNotChangeResult) return path;
            Inputs[path] = "stage:" + stage.Fingerprint;
            Identities.AddRange([option.Key, "stage", stage.Fingerprint, below]);
            return path;
        }
    }
}
