using System.Text.Json;
using Distill.Runs;

namespace Distill.Chat;

/// <summary>Reads tokenizer.json and tokenizer_config.json.</summary>
internal static class TokenizerReader
{
    // Vocabularies may have gaps, for example in front of the added tokens. Ids that leave most places empty are a broken file.
    private const int FreePlaces = 65_536, PlacesForEachToken = 4;

    /// <summary>Reads the contents of tokenizer.json.</summary>
    /// <exception cref="InputException">It is malformed, or its tokenizer is not byte-level BPE.</exception>
    public static TokenizerDefinition ReadDefinition(JsonInput root)
    {
        JsonInput model = root["model"];
        if (model.IsNull) throw model.Complaint("is missing");
        if (model["type"].TextOrNull() is { } type && type != "BPE") throw model["type"].Complaint($"is {type}; only BPE is supported");
        RefuseUnknownFeatures(model);

        var steps = new PreTokenizerSteps();
        steps.Read(root["pre_tokenizer"]);
        var template = new PostProcessorSteps();
        template.Read(root["post_processor"]);
        int highestId = FreePlaces + PlacesForEachToken * (model["vocab"].Members().Count() + root["added_tokens"].ElementsOrNone().Count());
        var definition = new TokenizerDefinition
        {
            Tokens = ReadVocabulary(model["vocab"], highestId),
            Merges = [.. model["merges"].Elements().Select(ReadMerge)],
            AddedTokens = [.. root["added_tokens"].ElementsOrNone().Select(token => ReadAddedToken(token, highestId))],
            SplitPatterns = steps.Finish(root["pre_tokenizer"]),
            AddPrefixSpace = steps.AddPrefixSpace,
            Normalization = ReadNormalization(root["normalizer"]),
            IgnoreMerges = model["ignore_merges"].FlagOrNull() ?? false,
            ByteFallback = model["byte_fallback"].FlagOrNull() ?? false,
            TemplatePrefix = template.Prefix,
            TemplateSuffix = template.Suffix,
        };
        template.Check(text => IdOf(definition, text));
        return definition;
    }

    /// <summary>Reads tokenizer_config.json; a missing file says nothing.</summary>
    /// <exception cref="InputException">The file is malformed.</exception>
    public static TokenizerConfig ReadConfig(string file)
    {
        if (!File.Exists(file)) return new TokenizerConfig();
        JsonInput root = JsonInput.Read(file);
        JsonInput length = root["model_max_length"];
        return new TokenizerConfig
        {
            BosToken = ReadTokenText(root["bos_token"]),
            EosToken = ReadTokenText(root["eos_token"]),
            PadToken = ReadTokenText(root["pad_token"]),
            UnkToken = ReadTokenText(root["unk_token"]),
            AddBosToken = root["add_bos_token"].FlagOrNull(),
            AddEosToken = root["add_eos_token"].FlagOrNull(),
            // transformers writes 1e30 for "no limit", which is no 64-bit number
            ModelMaxLength = length.Value.ValueKind == JsonValueKind.Number && length.Value.TryGetInt64(out long most) ? most : null,
            TokenizerClass = root["tokenizer_class"].TextOrNull() ?? "PreTrainedTokenizerFast",
            ChatTemplate = ReadChatTemplate(root["chat_template"]),
        };
    }

    /// <summary>The template under <c>chat_template</c>: text, or of a list of named ones the default; null when there is none.</summary>
    /// <exception cref="InputException">The value is malformed.</exception>
    public static string? ReadChatTemplate(JsonInput template)
    {
        if (template.Value.ValueKind != JsonValueKind.Array) return template.TextOrNull();
        List<(string Name, string Source)> named = [.. template.Elements().Select(entry => (entry["name"].Text(), entry["template"].Text()))];
        return named switch
        {
            [] => null,
            [var only] => only.Source,
            _ => named.Find(entry => entry.Name == "default").Source ?? throw template.Complaint("has several templates and none of them is named `default`"),
        };
    }

    /// <summary>Texts of the special tokens under the names that chat templates use.</summary>
    /// <exception cref="InputException">A value is malformed.</exception>
    public static Dictionary<string, string> ReadSpecialTokens(JsonInput root)
    {
        var tokens = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string name in (string[])["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"])
        {
            if (ReadTokenText(root[name]) is { } text) tokens[name] = text;
        }
        return tokens;
    }

    private static void RefuseUnknownFeatures(JsonInput model)
    {
        foreach (string key in (string[])["continuing_subword_prefix", "end_of_word_suffix"])
        {
            if (model[key].TextOrNull() is { Length: > 0 }) throw model[key].Complaint("is set; byte-level BPE has none");
        }
        if (model["dropout"] is { IsNull: false } dropout && !(dropout.Value.ValueKind == JsonValueKind.Number && dropout.Value.GetDouble() == 0))
        {
            throw dropout.Complaint("is set; it would make the ids random");
        }
    }

    private static int? IdOf(TokenizerDefinition definition, string text)
    {
        if (definition.AddedTokens.FirstOrDefault(token => token.Content == text) is { } added) return added.Id;
        int id = Array.IndexOf([.. definition.Tokens], text);
        return id < 0 ? null : id;
    }

    private static string?[] ReadVocabulary(JsonInput vocabulary, int highestId)
    {
        var byId = new List<string?>();
        foreach ((string token, JsonInput value) in vocabulary.Members())
        {
            int id = value.Number(highestId);
            while (byId.Count <= id) byId.Add(null);
            if (byId[id] is { } other) throw value.Complaint($"is {id}, which is already the id of `{other}`");
            byId[id] = token;
        }
        return [.. byId];
    }

    // Written as "left right" before tokenizers 0.20 and as ["left", "right"] since.
    private static TokenMerge ReadMerge(JsonInput merge)
    {
        string[] parts = merge.Value.ValueKind == JsonValueKind.String
            ? merge.Text().Split(' ')
            : [.. merge.Elements().Select(part => part.Text())];
        return parts is [var left, var right] ? new TokenMerge(left, right) : throw merge.Complaint("is not a pair of tokens");
    }

    private static AddedToken ReadAddedToken(JsonInput token, int highestId) => new(
        token["id"].Number(highestId),
        token["content"].Text(),
        token["special"].FlagOrNull() ?? false,
        token["normalized"].FlagOrNull() ?? false,
        token["lstrip"].FlagOrNull() ?? false,
        token["rstrip"].FlagOrNull() ?? false,
        token["single_word"].FlagOrNull() ?? false);

    private static TextNormalization ReadNormalization(JsonInput normalizer)
    {
        if (normalizer.IsNull) return TextNormalization.None;
        switch (normalizer["type"].Text())
        {
            case "NFC":
                return TextNormalization.Nfc;
            case "Sequence":
                return normalizer["normalizers"].Elements().Select(ReadNormalization).Append(TextNormalization.None).Max();
            default:
                throw normalizer["type"].Complaint($"is {normalizer["type"].Text()}; only NFC is supported");
        }
    }

    // Either the text itself or an object that carries it.
    private static string? ReadTokenText(JsonInput token) =>
        token.Value.ValueKind == JsonValueKind.Object ? token["content"].Text() : token.TextOrNull();
}
