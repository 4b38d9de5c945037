using System.Text.Json;
using Distill.Runs;

namespace Distill.Export.Gguf;

/// <summary>What a GGUF file needs to know of a model folder's tokenizer.</summary>
internal sealed record TokenizerFiles
{
    private const long FileLimit = 256 << 20;

    private static readonly string[] SpecialNames = ["bos", "eos", "unk", "sep", "pad", "cls", "mask"];

    /// <summary>Path of <c>tokenizer.json</c>, for messages.</summary>
    public required string Path { get; init; }

    /// <summary>Text by id of the base vocabulary, in the byte-level alphabet.</summary>
    public required IReadOnlyDictionary<int, string> Vocabulary { get; init; }

    /// <summary>Added tokens: plain text, and whether they are special.</summary>
    public required IReadOnlyList<AddedToken> AddedTokens { get; init; }

    /// <summary>Merges, best first.</summary>
    public required IReadOnlyList<(string Left, string Right)> Merges { get; init; }

    /// <summary>Patterns of the <c>Split</c> steps, in order.</summary>
    public required IReadOnlyList<string> SplitPatterns { get; init; }

    /// <summary>Special token ids by role (<c>bos</c>, <c>eos</c>, <c>unk</c>, <c>sep</c>, <c>pad</c>, <c>cls</c>, <c>mask</c>).</summary>
    public required IReadOnlyDictionary<string, int> SpecialIds { get; init; }

    /// <summary>Whether encoding puts the beginning-of-sequence token in front.</summary>
    public required bool AddBos { get; init; }

    /// <summary>Whether encoding appends the end-of-sequence token.</summary>
    public required bool AddEos { get; init; }

    /// <summary>Chat template by name, the default one under <c>default</c>.</summary>
    public required IReadOnlyDictionary<string, string> ChatTemplates { get; init; }

    /// <summary>Reads <c>tokenizer.json</c>, <c>tokenizer_config.json</c>, <c>config.json</c> and the chat template.</summary>
    /// <exception cref="InputException">A file is missing or malformed, or the tokenizer is no byte-level BPE.</exception>
    public static TokenizerFiles Read(string folder)
    {
        string path = System.IO.Path.Combine(folder, "tokenizer.json"), configPath = System.IO.Path.Combine(folder, "tokenizer_config.json");
        if (!File.Exists(path)) throw new InputException($"{path}: missing", "a model folder in Hugging Face's layout has config.json, model.safetensors and tokenizer.json");
        using JsonDocument tokenizer = Parse(path), config = Parse(configPath), modelConfig = Parse(System.IO.Path.Combine(folder, "config.json"));
        try
        {
            JsonElement model = tokenizer.RootElement.GetProperty("model");
            if (model.GetProperty("type").GetString() != "BPE" || Flag(model, "byte_fallback") == true)
                throw new InputException($"{path}: is not a byte-level BPE tokenizer", "only tokenizers of the Qwen, Llama 3 and DeepSeek kind can be exported");
            AddedToken[] added = ReadAddedTokens(tokenizer.RootElement);
            Dictionary<string, int> special = ReadSpecialIds(config.RootElement, modelConfig.RootElement, added);
            return new TokenizerFiles
            {
                Path = path,
                Vocabulary = ReadVocabulary(path, model),
                AddedTokens = added,
                Merges = [.. model.GetProperty("merges").EnumerateArray().Select(merge => ReadMerge(path, merge))],
                SplitPatterns = [.. ReadSplitPatterns(tokenizer.RootElement)],
                SpecialIds = special,
                AddBos = Flag(config.RootElement, "add_bos_token") ?? LeadingSpecialToken(tokenizer.RootElement),
                AddEos = Flag(config.RootElement, "add_eos_token") ?? false,
                ChatTemplates = ReadChatTemplates(folder, config.RootElement),
            };
        }
        catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new InputException($"{path}: is not a usable tokenizer ({e.Message})", "restore the tokenizer files that belong to these weights", inner: e);
        }
    }

    private static JsonDocument Parse(string path)
    {
        if (!File.Exists(path)) return JsonDocument.Parse("{}");
        if (new FileInfo(path).Length > FileLimit) throw new InputException($"{path}: larger than {FileLimit >> 20} MB, so not a tokenizer file");
        try
        {
            var document = JsonDocument.Parse(File.ReadAllBytes(path));
            if (document.RootElement.ValueKind == JsonValueKind.Object) return document;
            document.Dispose();
            throw new InputException($"{path}: is not a JSON object", "download or write the file again");
        }
        catch (JsonException e)
        {
            throw new InputException($"{path}:{e.LineNumber + 1}: is not valid JSON", "download or write the file again", inner: e);
        }
    }

    private static Dictionary<int, string> ReadVocabulary(string path, JsonElement model)
    {
        var vocabulary = new Dictionary<int, string>();
        foreach (JsonProperty entry in model.GetProperty("vocab").EnumerateObject())
        {
            int id = entry.Value.GetInt32();
            if (id < 0 || !vocabulary.TryAdd(id, entry.Name)) throw new InputException($"{path}: token id {id} is negative or given twice", "restore the tokenizer that belongs to these weights");
        }
        return vocabulary;
    }

    private static AddedToken[] ReadAddedTokens(JsonElement tokenizer) =>
        tokenizer.TryGetProperty("added_tokens", out JsonElement list) && list.ValueKind == JsonValueKind.Array
            ? [.. list.EnumerateArray().Select(entry => new AddedToken(entry.GetProperty("id").GetInt32(), entry.GetProperty("content").GetString()!, Flag(entry, "special") ?? false))]
            : [];

    // Written as "left right" by old versions of the library and as a pair by new ones.
    private static (string Left, string Right) ReadMerge(string path, JsonElement merge)
    {
        if (merge.ValueKind == JsonValueKind.Array && merge.GetArrayLength() == 2) return (merge[0].GetString()!, merge[1].GetString()!);
        string[] parts = merge.GetString()!.Split(' ');
        return parts.Length == 2 ? (parts[0], parts[1]) : throw new InputException($"{path}: merge `{merge}` has not two parts", "restore the tokenizer that belongs to these weights");
    }

    private static IEnumerable<string> ReadSplitPatterns(JsonElement tokenizer)
    {
        if (!tokenizer.TryGetProperty("pre_tokenizer", out JsonElement step) || step.ValueKind != JsonValueKind.Object) return [];
        IEnumerable<JsonElement> steps = step.TryGetProperty("pretokenizers", out JsonElement list) ? list.EnumerateArray() : [step];
        return steps.Where(one => one.GetProperty("type").GetString() == "Split")
            .Select(one => one.GetProperty("pattern").TryGetProperty("Regex", out JsonElement regex) ? regex.GetString()! : one.GetProperty("pattern").ToString());
    }

    // The text in tokenizer_config.json wins over the id in config.json: R1's distilled models have a stale id there.
    private static Dictionary<string, int> ReadSpecialIds(JsonElement config, JsonElement modelConfig, AddedToken[] added)
    {
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (string name in SpecialNames)
        {
            string? text = config.TryGetProperty($"{name}_token", out JsonElement token) ? token.ValueKind switch
            {
                JsonValueKind.String => token.GetString(),
                JsonValueKind.Object => token.GetProperty("content").GetString(),
                _ => null,
            } : null;
            if (text is not null && added.FirstOrDefault(entry => entry.Content == text) is { } match) ids[name] = match.Id;
            else if (modelConfig.TryGetProperty($"{name}_token_id", out JsonElement id) && FirstId(id) is { } first) ids[name] = first;
        }
        return ids;
    }

    private static int? FirstId(JsonElement id) => id.ValueKind switch
    {
        JsonValueKind.Number => id.GetInt32(),
        JsonValueKind.Array when id.GetArrayLength() > 0 => id[0].GetInt32(),
        _ => null,
    };

    private static bool LeadingSpecialToken(JsonElement tokenizer)
    {
        if (!tokenizer.TryGetProperty("post_processor", out JsonElement step) || step.ValueKind != JsonValueKind.Object) return false;
        IEnumerable<JsonElement> steps = step.TryGetProperty("processors", out JsonElement list) ? list.EnumerateArray() : [step];
        return steps.Any(one => one.TryGetProperty("single", out JsonElement single) && single.GetArrayLength() > 0 && single[0].TryGetProperty("SpecialToken", out _));
    }

    private static Dictionary<string, string> ReadChatTemplates(string folder, JsonElement config)
    {
        var templates = new Dictionary<string, string>(StringComparer.Ordinal);
        string file = System.IO.Path.Combine(folder, "chat_template.jinja");
        if (config.TryGetProperty("chat_template", out JsonElement template) && template.ValueKind == JsonValueKind.String)
        {
            templates["default"] = template.GetString()!;
        }
        else if (template.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement named in template.EnumerateArray()) templates[named.GetProperty("name").GetString()!] = named.GetProperty("template").GetString()!;
        }
        else if (File.Exists(file) && new FileInfo(file).Length < 1 << 24)
        {
            templates["default"] = File.ReadAllText(file);
        }
        return templates;
    }

    private static bool? Flag(JsonElement json, string key) =>
        json.TryGetProperty(key, out JsonElement value) && value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : null;
}

/// <summary>A token beside the base vocabulary, matched in text as a whole.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Content">Its text.</param>
/// <param name="Special">Whether decoding leaves it out.</param>
internal sealed record AddedToken(int Id, string Content, bool Special);
