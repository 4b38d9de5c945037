using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Distill.Runs;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Distill.Models;

/// <summary>
/// What the card of a model (<c>README.md</c> in its folder) says at its head, between two lines of dashes: where the model comes from
/// and what may be done with it. The keys are those that Hugging Face's hub reads.
/// </summary>
public sealed record ModelCard
{
    /// <summary>Name of the file in a model folder.</summary>
    public const string FileName = "README.md";

    private const int FileLimit = 1 << 20, ListLimit = 100, TextLimit = 1000;

    private const string Fence = "---";

    private static readonly HashSet<string> OtherThanText = new(StringComparer.OrdinalIgnoreCase) { "y", "n", "yes", "no", "on", "off", "true", "false", "null" };
    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Identifier of the license, e.g. <c>mit</c>; <c>other</c> where it has a name of its own.</summary>
    public string? License { get; init; }

    /// <summary>Name of a license without an identifier.</summary>
    public string? LicenseName { get; init; }

    /// <summary>Where that license can be read.</summary>
    public string? LicenseLink { get; init; }

    /// <summary>Models that this one was made from: Hub ids, e.g. <c>Qwen/Qwen2.5-Math-1.5B</c>, or names.</summary>
    public IReadOnlyList<string> BaseModels { get; init; } = [];

    /// <summary>Data sets that it learned from: Hub ids or names.</summary>
    public IReadOnlyList<string> Datasets { get; init; } = [];

    /// <summary>Codes of the languages that it speaks, e.g. <c>en</c>.</summary>
    public IReadOnlyList<string> Languages { get; init; } = [];

    /// <summary>Words to find it by.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>Reads the card of a model folder; a folder without one has an empty card.</summary>
    /// <exception cref="InputException">The card's head is not YAML.</exception>
    public static ModelCard Read(string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (!File.Exists(path) || new FileInfo(path).Length > FileLimit) return new ModelCard();
        string[] lines = File.ReadAllLines(path);
        int end = lines.Length > 0 && lines[0].TrimEnd() == Fence ? Array.FindIndex(lines, 1, line => line.TrimEnd() == Fence) : -1;
        if (end < 0) return new ModelCard();
        string head = string.Join('\n', lines[1..end]);
        return Of(Keys(YamlEvents.Open(path, head, "mend the lines between the two `---`, or remove the file", linesBefore: 1)));
    }

    /// <summary>This card with what it leaves out taken from another.</summary>
    public ModelCard FilledFrom(ModelCard other) => new()
    {
        License = License ?? other.License,
        LicenseName = License is null ? other.LicenseName : LicenseName,
        LicenseLink = License is null ? other.LicenseLink : LicenseLink,
        BaseModels = BaseModels.Count > 0 ? BaseModels : other.BaseModels,
        Datasets = Datasets.Count > 0 ? Datasets : other.Datasets,
        Languages = Languages.Count > 0 ? Languages : other.Languages,
        Tags = Tags.Count > 0 ? Tags : other.Tags,
    };

    /// <summary>The file: the head, then the text.</summary>
    /// <param name="text">Markdown that follows the head.</param>
    public string ToMarkdown(string text)
    {
        var head = new StringBuilder(Fence + "\n");
        Append("license", License);
        Append("license_name", LicenseName);
        Append("license_link", LicenseLink);
        AppendList("base_model", BaseModels);
        AppendList("datasets", Datasets);
        AppendList("language", Languages);
        AppendList("tags", Tags);
        return head.Append("library_name: transformers\npipeline_tag: text-generation\n").Append(Fence).Append("\n\n").Append(text).ToString();

        void Append(string key, string? value)
        {
            if (value is not null) head.Append(key).Append(": ").Append(Quoted(value)).Append('\n');
        }

        void AppendList(string key, IReadOnlyList<string> values)
        {
            if (values.Count > 0) head.Append(key).Append(":\n").AppendJoin("", values.Select(value => $"- {Quoted(value)}\n"));
        }
    }

    private static ModelCard Of(Dictionary<string, List<string>> keys)
    {
        return new ModelCard
        {
            License = First("license"),
            LicenseName = First("license_name"),
            LicenseLink = First("license_link"),
            BaseModels = keys.GetValueOrDefault("base_model", []),
            Datasets = keys.GetValueOrDefault("datasets", []),
            Languages = keys.GetValueOrDefault("language", []),
            Tags = keys.GetValueOrDefault("tags", []),
        };

        string? First(string key) => keys.GetValueOrDefault(key, []).FirstOrDefault();
    }

    // Event by event: the texts, and the texts in the lists, of the outermost map; whatever else a card holds (results, widgets) is passed over.
    private static Dictionary<string, List<string>> Keys(YamlEvents events)
    {
        var keys = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        if (!events.TryConsume<MappingStart>(out _)) return keys;
        while (!events.TryConsume<MappingEnd>(out _))
        {
            if (events.TryConsume<Scalar>(out var key))
            {
                keys.TryAdd(key.Value, Texts(events));
                continue;
            }
            events.SkipThisAndNestedEvents(); // a key that is no text, and its value
            events.SkipThisAndNestedEvents();
        }
        return keys;
    }

    private static List<string> Texts(YamlEvents events)
    {
        var texts = new List<string>();
        if (events.TryConsume<Scalar>(out var only)) Add(only);
        else if (!events.TryConsume<SequenceStart>(out _)) events.SkipThisAndNestedEvents();
        else
        {
            while (!events.TryConsume<SequenceEnd>(out _))
            {
                if (events.TryConsume<Scalar>(out var item)) Add(item);
                else events.SkipThisAndNestedEvents();
            }
        }
        return texts;

        void Add(Scalar item)
        {
            if (item.Value.Length is > 0 and <= TextLimit && texts.Count < ListLimit) texts.Add(item.Value);
        }
    }

    // A word that YAML takes for something else, e.g. the language `no` for a truth value, is quoted like any other text.
    private static string Quoted(string value) => value.Length > 0 && char.IsAsciiLetter(value[0])
        && value.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '/') && !OtherThanText.Contains(value)
            ? value : JsonSerializer.Serialize(value.ReplaceLineEndings(" "), Relaxed); // JSON is YAML
}
