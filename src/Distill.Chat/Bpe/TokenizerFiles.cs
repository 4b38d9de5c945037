using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Distill.Runs;

namespace Distill.Chat;

/// <summary>Writes a tokenizer as a Hugging Face folder has it.</summary>
public static class TokenizerFiles
{
    private static readonly JsonSerializerOptions Layout = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Writes <c>tokenizer.json</c> and <c>tokenizer_config.json</c> into <paramref name="folder"/>, replacing what is there.</summary>
    /// <exception cref="InputException">The disk is full, or the folder cannot be written.</exception>
    public static void Save(TokenizerDefinition definition, string folder, TokenizerConfig config)
    {
        ArgumentNullException.ThrowIfNull(definition);
        ArgumentNullException.ThrowIfNull(config);
        AtomicFile.WriteText(Path.Combine(folder, "tokenizer.json"), ToJson(definition).ToJsonString(Layout) + "\n");
        AtomicFile.WriteText(Path.Combine(folder, "tokenizer_config.json"), ToJson(definition, config).ToJsonString(Layout) + "\n");
    }

    private static JsonObject ToJson(TokenizerDefinition definition)
    {
        var vocabulary = new JsonObject();
        for (int id = 0; id < definition.Tokens.Count; id++)
        {
            if (definition.Tokens[id] is { } token) vocabulary.Add(token, id);
        }
        return new JsonObject
        {
            ["version"] = "1.0",
            ["truncation"] = null,
            ["padding"] = null,
            ["added_tokens"] = Array(definition.AddedTokens, token => new JsonObject
            {
                ["id"] = token.Id,
                ["content"] = token.Content,
                ["single_word"] = token.SingleWord,
                ["lstrip"] = token.LeftStrip,
                ["rstrip"] = token.RightStrip,
                ["normalized"] = token.Normalized,
                ["special"] = token.Special,
            }),
            ["normalizer"] = definition.Normalization == TextNormalization.Nfc ? new JsonObject { ["type"] = "NFC" } : null,
            ["pre_tokenizer"] = PreTokenizer(definition),
            ["post_processor"] = PostProcessor(definition),
            ["decoder"] = ByteLevel(addPrefixSpace: false),
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["dropout"] = null,
                ["unk_token"] = null,
                ["continuing_subword_prefix"] = null,
                ["end_of_word_suffix"] = null,
                ["fuse_unk"] = false,
                ["byte_fallback"] = definition.ByteFallback,
                ["ignore_merges"] = definition.IgnoreMerges,
                ["vocab"] = vocabulary,
                // One string per merge: older readers know no other form, and a byte-alphabet token never contains a space.
                ["merges"] = Array(definition.Merges, merge => JsonValue.Create($"{merge.Left} {merge.Right}")),
            },
        };
    }

    private static JsonObject ToJson(TokenizerDefinition definition, TokenizerConfig config)
    {
        var added = new JsonObject();
        foreach (AddedToken token in definition.AddedTokens.OrderBy(token => token.Id))
        {
            added.Add(token.Id.ToString(), new JsonObject
            {
                ["content"] = token.Content,
                ["lstrip"] = token.LeftStrip,
                ["normalized"] = token.Normalized,
                ["rstrip"] = token.RightStrip,
                ["single_word"] = token.SingleWord,
                ["special"] = token.Special,
            });
        }
        var json = new JsonObject();
        if (config.AddBosToken is { } addBos) json.Add("add_bos_token", addBos);
        if (config.AddEosToken is { } addEos) json.Add("add_eos_token", addEos);
        json.Add("add_prefix_space", definition.AddPrefixSpace);
        json.Add("added_tokens_decoder", added);
        json.Add("bos_token", config.BosToken);
        if (config.ChatTemplate is { } template) json.Add("chat_template", template);
        json.Add("clean_up_tokenization_spaces", false);
        json.Add("eos_token", config.EosToken);
        if (config.ModelMaxLength is { } most) json.Add("model_max_length", most);
        json.Add("pad_token", config.PadToken);
        json.Add("tokenizer_class", config.TokenizerClass);
        json.Add("unk_token", config.UnkToken);
        return json;
    }

    private static JsonObject PreTokenizer(TokenizerDefinition definition)
    {
        var steps = Array(definition.SplitPatterns, pattern => new JsonObject
        {
            ["type"] = "Split",
            ["pattern"] = new JsonObject { ["Regex"] = pattern.Regex },
            ["behavior"] = pattern.Behavior.ToString(),
            ["invert"] = pattern.Invert,
        });
        if (definition.AddPrefixSpace)
        {
            // Only GPT-2's own form (one step that prefixes, then splits) can carry both.
            steps.Insert(0, new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = true, ["trim_offsets"] = false, ["use_regex"] = true });
            return (JsonObject)steps[0]!.DeepClone();
        }
        steps.Add(ByteLevel(addPrefixSpace: false));
        return new JsonObject { ["type"] = "Sequence", ["pretokenizers"] = steps };
    }

    private static JsonObject PostProcessor(TokenizerDefinition definition)
    {
        if (definition.TemplatePrefix.Count + definition.TemplateSuffix.Count == 0) return ByteLevel(addPrefixSpace: false);
        var ids = new JsonObject();
        foreach (string token in definition.TemplatePrefix.Concat(definition.TemplateSuffix).Distinct())
        {
            int id = definition.AddedTokens.FirstOrDefault(added => added.Content == token)?.Id
                ?? throw new InputException($"tokenizer: template token `{token}` is not an added token", "add it to the added tokens");
            ids.Add(token, new JsonObject { ["id"] = token, ["ids"] = new JsonArray(id), ["tokens"] = new JsonArray(token) });
        }
        return new JsonObject
        {
            ["type"] = "TemplateProcessing",
            ["single"] = new JsonArray([.. Sequence("A", 0)]),
            ["pair"] = new JsonArray([.. Sequence("A", 0), .. Sequence("B", 1)]),
            ["special_tokens"] = ids,
        };

        IEnumerable<JsonNode> Sequence(string name, int type) =>
        [
            .. definition.TemplatePrefix.Select(token => Item("SpecialToken", token, type)),
            Item("Sequence", name, type),
            .. definition.TemplateSuffix.Select(token => Item("SpecialToken", token, type)),
        ];

        static JsonObject Item(string kind, string id, int type) => new() { [kind] = new JsonObject { ["id"] = id, ["type_id"] = type } };
    }

    private static JsonObject ByteLevel(bool addPrefixSpace) => new()
    {
        ["type"] = "ByteLevel",
        ["add_prefix_space"] = addPrefixSpace,
        ["trim_offsets"] = false,
        ["use_regex"] = false,
    };

    private static JsonArray Array<T>(IEnumerable<T> items, Func<T, JsonNode?> convert) => new([.. items.Select(convert)]);
}
