using System.Text.Json.Nodes;
using Distill.Chat;
using Distill.Tests;
using Xunit;

namespace Distill.PeerTests.Chat;

/// <summary>
/// Everything that a byte-level tokenizer.json may say, one thing at a time on a small trained vocabulary, against the Rust library:
/// flags of added tokens, pre-tokenizers and their regular expressions, normalizers, post-processors, forms of merges.
/// </summary>
public sealed class TokenizerVariantPeerTests
{
    private static readonly Lazy<TokenizerDefinition> Trained = new(() =>
        BpeTrainer.Train(TextSamples.All().Take(1500), 700, ChatFormat.DeepSeekR1Tokens, SplitPatterns.Gpt2) with { TemplatePrefix = [ChatFormat.BeginOfSentence] });

    /// <summary>Name and edit of each variant.</summary>
    private static readonly Dictionary<string, Action<JsonNode>> Variants = new()
    {
        ["lstrip"] = json => AddToken(json, "<think>|x", lstrip: true),
        ["rstrip"] = json => AddToken(json, "[X]", rstrip: true),
        ["both strips, tokens of whitespace"] = json => AddTokens(json, ("[X]", true, true, false, false), (" \n", false, false, false, false), ("  ", true, true, false, false)),
        ["single word"] = json => AddTokens(json, ("word", false, false, true, false), ("hello", false, false, true, true), ("42", true, false, true, false), ("é", false, true, true, false)),
        ["normalized"] = json => { Nfc(json); AddTokens(json, ("e\u0301", false, false, false, true), ("\u212B", false, false, false, true), ("\u1112\u1161\u11ab", false, false, false, true), ("e", false, false, false, false)); },
        ["normalized and not, inside each other"] = json => AddTokens(json, ("ab", false, false, false, true), ("abc", false, false, false, false), ("xab", false, false, false, true), ("a", false, false, false, false)),
        ["prefixes of each other"] = json => AddTokens(json, ("<", false, false, false, false), ("<|", false, false, false, false), ("<|im", false, true, false, false), ("<|im_end|>", false, false, false, false)),
        ["letters of the byte alphabet"] = json => AddTokens(json, ("ĠĠ", false, false, false, false), ("Ċ", false, false, false, true), ("日本", false, false, false, false)),
        ["special decides decoding"] = json => json["added_tokens"]![5]!["special"] = true,

        ["nfc"] = Nfc,
        ["sequence of normalizers"] = json => json["normalizer"] = Parse("""{"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "NFC"}]}"""),
        ["ignore merges"] = json => json["model"]!["ignore_merges"] = true,
        ["byte fallback"] = json => json["model"]!["byte_fallback"] = true,
        ["merges as pairs"] = json => json["model"]!["merges"] = new JsonArray([.. json["model"]!["merges"]!.AsArray().Select(merge => new JsonArray([.. ((string)merge!).Split(' ').Select(part => JsonValue.Create(part))]))]),

        ["gpt-2"] = json => json["pre_tokenizer"] = Parse("""{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true}"""),
        ["prefix space"] = json => json["pre_tokenizer"] = Parse("""{"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true}"""),
        ["no split at all"] = json => json["pre_tokenizer"] = Parse("""{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false}"""),
        ["digits one by one"] = json => Steps(json, """{"type": "Digits", "individual_digits": true}""", gpt2: true),
        ["digits together"] = json => Steps(json, """{"type": "Digits", "individual_digits": false}""", gpt2: true),
        ["removed"] = json => Split(json, @"\s+", "Removed"),
        ["removed, inverted"] = json => Split(json, @"[\p{L}\p{N}]+|[^\p{L}\p{N}\s]+", "Removed", invert: true),
        ["merged with previous"] = json => Split(json, @"[.!?,;]", "MergedWithPrevious"),
        ["merged with next"] = json => Split(json, @" ", "MergedWithNext"),
        ["contiguous"] = json => Split(json, @"\p{N}", "Contiguous"),
        ["isolated, inverted"] = json => Split(json, @"\p{L}+", "Isolated", invert: true),
        ["text, not regex"] = json => Steps(json, """{"type": "Split", "pattern": {"String": "a."}, "behavior": "Isolated", "invert": false}"""),

        ["qwen2"] = json => Split(json, SplitPatterns.Qwen2),
        ["llama 3"] = json => Split(json, SplitPatterns.Llama3),
        ["deepseek-v3"] = json => Steps(json, [.. SplitPatterns.DeepSeekV3.Select(pattern => SplitStep(pattern.Regex, "Isolated", false))]),
        ["o200k"] = json => Split(json, @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"),
        ["tekken"] = json => Split(json, @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"),
        ["qwen3.5"] = json => Split(json, @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"),
        ["deepseek-coder"] = json => Steps(json, SplitStep("[\r\n]", "Isolated", false), SplitStep(@"\s?\p{L}+", "Isolated", false), SplitStep(@"\s?\p{P}+", "Isolated", false), SplitStep(@"[一-龥ࠀ-一가-퟿]+", "Isolated", false), """{"type": "Digits", "individual_digits": true}"""),

        ["template with a suffix"] = json => json["post_processor"] = Template(["<｜begin▁of▁sentence｜>", "<think>"], ["<｜end▁of▁sentence｜>"]),
        ["template among other steps"] = json => json["post_processor"] = new JsonObject { ["type"] = "Sequence", ["processors"] = new JsonArray(Template(["<think>"], []), Parse("""{"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": false, "use_regex": true}""")) },
        ["one name for several tokens"] = json => { json["post_processor"] = Template(["<think>"], []); json["post_processor"]!["special_tokens"]!["<think>"]!["ids"]!.AsArray().Add(IdOf(json, "</think>")); json["post_processor"]!["special_tokens"]!["<think>"]!["tokens"]!.AsArray().Add("</think>"); },
        ["roberta"] = json => json["post_processor"] = new JsonObject { ["type"] = "RobertaProcessing", ["sep"] = Pair(json, "<｜end▁of▁sentence｜>"), ["cls"] = Pair(json, "<think>"), ["trim_offsets"] = true, ["add_prefix_space"] = false },
        ["bert"] = json => json["post_processor"] = new JsonObject { ["type"] = "BertProcessing", ["sep"] = Pair(json, "<｜end▁of▁sentence｜>"), ["cls"] = Pair(json, "<think>") },
    };

    public static TheoryData<string> Names => [.. Variants.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task SameIdsAndTextAsTheRustLibrary(string variant)
    {
        using var folder = new TemporaryFolder();
        string file = Path.Combine(folder.Path, "tokenizer.json");
        TokenizerFiles.Save(Trained.Value, folder.Path, ChatFormat.DeepSeekR1Config(512));
        File.Delete(Path.Combine(folder.Path, "tokenizer_config.json"));
        JsonNode json = JsonNode.Parse(await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken))!;
        Variants[variant](json);
        await File.WriteAllTextAsync(file, json.ToJsonString(), TestContext.Current.CancellationToken);

        string[] added = [.. json["added_tokens"]!.AsArray().Select(token => (string)token!["content"]!)];
        List<string> texts = [.. TextSamples.Varied(variant.Length, 1200, added), .. Around(added, new Random(3))];
        IReadOnlyList<string> differences = await TokenizerComparison.DifferencesAsync(file, texts, addSpecialTokens: true);
        Assert.True(differences.Count == 0, $"{variant}\n" + string.Join("\n", differences));
    }

    // Added tokens between whitespace, letters and each other.
    private static IEnumerable<string> Around(string[] added, Random random)
    {
        string[] parts = [.. added, .. added, " ", "  ", "\n", "\t", "a", "é", "_", "1", ".", "Ⓐ", "中", "\u200d", "e\u0301", "\u00a0"];
        for (int i = 0; i < 800; i++) yield return string.Concat(Enumerable.Range(0, random.Next(1, 9)).Select(_ => parts[random.Next(parts.Length)]));
    }

    private static JsonNode Parse(string json) => JsonNode.Parse(json)!;

    private static void Nfc(JsonNode json) => json["normalizer"] = Parse("""{"type": "NFC"}""");

    private static void AddToken(JsonNode json, string contents, bool lstrip = false, bool rstrip = false)
    {
        foreach (string content in contents.Split('|')) AddTokens(json, (content, lstrip, rstrip, false, false));
    }

    private static void AddTokens(JsonNode json, params (string Content, bool LeftStrip, bool RightStrip, bool SingleWord, bool Normalized)[] tokens)
    {
        JsonArray added = json["added_tokens"]!.AsArray();
        foreach ((string content, bool left, bool right, bool single, bool normalized) in tokens)
        {
            JsonNode? known = added.FirstOrDefault(token => (string)token!["content"]! == content);
            JsonNode? inVocabulary = json["model"]!["vocab"]![content];
            JsonNode entry = known ?? new JsonObject { ["id"] = (int?)inVocabulary ?? added.Max(token => (int)token!["id"]!) + 1, ["content"] = content, ["special"] = false };
            (entry["lstrip"], entry["rstrip"], entry["single_word"], entry["normalized"]) = (left, right, single, normalized);
            if (known is null) added.Add(entry);
        }
    }

    private static string SplitStep(string regex, string behavior, bool invert) => new JsonObject
    {
        ["type"] = "Split",
        ["pattern"] = new JsonObject { ["Regex"] = regex },
        ["behavior"] = behavior,
        ["invert"] = invert,
    }.ToJsonString();

    private static void Split(JsonNode json, string regex, string behavior = "Isolated", bool invert = false) => Steps(json, SplitStep(regex, behavior, invert));

    private static void Steps(JsonNode json, params string[] steps) => Steps(json, steps, gpt2: false);

    private static void Steps(JsonNode json, string step, bool gpt2) => Steps(json, [step], gpt2);

    private static void Steps(JsonNode json, string[] steps, bool gpt2) => json["pre_tokenizer"] = new JsonObject
    {
        ["type"] = "Sequence",
        ["pretokenizers"] = new JsonArray([.. steps.Select(Parse), new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["trim_offsets"] = true, ["use_regex"] = gpt2 }]),
    };

    private static int IdOf(JsonNode json, string token) => (int)json["added_tokens"]!.AsArray().First(entry => (string)entry!["content"]! == token)!["id"]!;

    private static JsonArray Pair(JsonNode json, string token) => new(token, IdOf(json, token));

    private static JsonObject Template(string[] prefix, string[] suffix)
    {
        TokenizerDefinition definition = Trained.Value;
        return new JsonObject
        {
            ["type"] = "TemplateProcessing",
            ["single"] = new JsonArray([.. prefix.Select(Special), new JsonObject { ["Sequence"] = new JsonObject { ["id"] = "A", ["type_id"] = 0 } }, .. suffix.Select(Special)]),
            ["pair"] = new JsonArray(),
            ["special_tokens"] = new JsonObject(prefix.Concat(suffix).Select(token => KeyValuePair.Create(token, (JsonNode?)new JsonObject
            {
                ["id"] = token,
                ["ids"] = new JsonArray(definition.AddedTokens.First(added => added.Content == token).Id),
                ["tokens"] = new JsonArray(token),
            }))),
        };

        static JsonNode Special(string token) => new JsonObject { ["SpecialToken"] = new JsonObject { ["id"] = token, ["type_id"] = 0 } };
    }
}
