using System.Text.Json.Nodes;
using Distill.Chat;
using Distill.Runs;
using Xunit;

namespace Distill.Tests.Chat;

/// <summary>What a wrong tokenizer.json is called: file, key, what is there. Each case changes one thing in a sound file.</summary>
public sealed class TokenizerReaderTests
{
    private static readonly Dictionary<string, (Action<JsonNode> Edit, string Message)> Cases = new()
    {
        ["two tokens with one id"] = (json => json["model"]!["vocab"]!["the"] = 7, "key `model.vocab.the` is 7, which is already the id of `(`"),
        ["an id far beyond the vocabulary"] = (json => json["model"]!["vocab"]!["the"] = 99_999_999, "key `model.vocab.the` is not a whole number from 0 to "),
        ["a negative id"] = (json => json["added_tokens"]![0]!["id"] = -1, "key `added_tokens[0].id` is not a whole number from 0 to "),
        ["two added tokens with one id"] = (json => json["added_tokens"]![1]!["id"] = (int)json["added_tokens"]![0]!["id"]!, "tokenizer: the id 260 belongs to two tokens, `<｜begin▁of▁sentence｜>` and `<｜end▁of▁sentence｜>`"),
        ["an added token with the id of another"] = (json => json["added_tokens"]![1]!["id"] = 5, "tokenizer: the id 5 belongs to two tokens, `&` and `<｜end▁of▁sentence｜>`"),
        ["one token with two ids"] = (json => json["added_tokens"]![1]!["content"] = "<｜begin▁of▁sentence｜>", "tokenizer: the token `<｜begin▁of▁sentence｜>` has two ids, 260 and 261"),
        ["an added token that the vocabulary knows under another id"] = (json => json["added_tokens"]![1]!["content"] = "h", "tokenizer: the token `h` has two ids, 71 and 261"),
        ["an unknown id in the post-processor"] = (json => json["post_processor"]!["special_tokens"]!["<｜begin▁of▁sentence｜>"]!["ids"]![0] = 9, "key `post_processor.special_tokens.<｜begin▁of▁sentence｜>` gives `<｜begin▁of▁sentence｜>` the id 9, the vocabulary gives it 260"),
        ["an unknown token in the post-processor"] = (json => json["post_processor"]!["special_tokens"]!["<｜begin▁of▁sentence｜>"]!["tokens"]![0] = "<s>", "key `post_processor.special_tokens.<｜begin▁of▁sentence｜>` names the token `<s>`, which the vocabulary does not have"),
        ["a merge of unknown tokens"] = (json => json["model"]!["merges"]!.AsArray().Add("q zz"), "tokenizer: merges[4] needs the token `zz`, which is not in the vocabulary"),
        ["a merge of three"] = (json => json["model"]!["merges"]!.AsArray().Add("q z z"), "key `model.merges[4]` is not a pair of tokens"),
        ["a missing byte"] = (json => json["model"]!["vocab"]!.AsObject().Remove("q"), "tokenizer: the vocabulary has no token for byte 113"),
        ["another model"] = (json => json["model"]!["type"] = "Unigram", "key `model.type` is Unigram; only BPE is supported"),
        ["no bytes"] = (json => json["pre_tokenizer"] = new JsonObject { ["type"] = "Metaspace" }, "key `pre_tokenizer.type` is Metaspace; Split, Digits and ByteLevel are supported"),
        ["another normalizer"] = (json => json["normalizer"] = new JsonObject { ["type"] = "Lowercase" }, "key `normalizer.type` is Lowercase; only NFC is supported"),
        ["random ids"] = (json => json["model"]!["dropout"] = 0.1, "key `model.dropout` is set; it would make the ids random"),
        ["a pattern of another dialect"] = (json => json["pre_tokenizer"]!["pretokenizers"]![0]!["pattern"]!["Regex"] = @"\w+", @"tokenizer: the split pattern `\w+` is not supported"),
        ["two templates"] = (json => json["post_processor"] = new JsonObject { ["type"] = "Sequence", ["processors"] = new JsonArray(json["post_processor"]!.DeepClone(), json["post_processor"]!.DeepClone()) }, "key `post_processor.processors[1]` stands behind another step that adds tokens, which is not supported"),
    };

    public static TheoryData<string> Names => [.. Cases.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void ComplaintsNameFileAndKey(string name)
    {
        using var folder = new TemporaryFolder();
        Save(folder);
        string file = folder["tokenizer.json"];
        JsonNode json = JsonNode.Parse(File.ReadAllText(file))!;
        (Action<JsonNode> edit, string message) = Cases[name];
        edit(json);
        File.WriteAllText(file, json.ToJsonString());

        InputException e = Assert.Throws<InputException>(() => ModelTokenizer.Load(folder.Path));
        Assert.StartsWith(message.StartsWith("key") ? $"{file}: {message}" : $"{folder.Path}: {message}", e.Message);
        Assert.DoesNotContain('\n', e.Message);
        Assert.NotEmpty(e.Hint!);
    }

    [Fact]
    public void AHostilePatternIsStopped()
    {
        using var folder = new TemporaryFolder();
        Save(folder);
        string file = folder["tokenizer.json"];
        JsonNode json = JsonNode.Parse(File.ReadAllText(file))!;
        json["pre_tokenizer"]!["pretokenizers"]![0]!["pattern"]!["Regex"] = "(a|aa)+b|(a*)*c";
        File.WriteAllText(file, json.ToJsonString());
        ModelTokenizer tokenizer = ModelTokenizer.Load(folder.Path);
        Assert.Contains("runs longer than", Assert.Throws<InputException>(() => tokenizer.Encode(new string('a', 5000))).Message);
    }

    [Fact]
    public void BrokenJsonIsNamed()
    {
        using var folder = new TemporaryFolder();
        string file = folder["tokenizer.json"];
        Assert.StartsWith($"{file}: not found", Assert.Throws<InputException>(() => ModelTokenizer.Load(folder.Path)).Message);
        File.WriteAllText(file, "{\n\"model\": ");
        Assert.StartsWith($"{file}:2: is not valid JSON", Assert.Throws<InputException>(() => ModelTokenizer.Load(folder.Path)).Message);
        File.WriteAllText(file, "[]");
        Assert.StartsWith($"{file}: is not a JSON object", Assert.Throws<InputException>(() => ModelTokenizer.Load(folder.Path)).Message);
        File.WriteAllText(file, """{"model": {"type": "\ud800"}}""");
        Assert.StartsWith($"{file}: key `model.type` holds text that is not Unicode", Assert.Throws<InputException>(() => ModelTokenizer.Load(folder.Path)).Message);
    }

    private static void Save(TemporaryFolder folder) => TokenizerFiles.Save(
        BpeTrainer.Train(["the then there hello"], 256 + 4 + 7, ChatFormat.DeepSeekR1Tokens, SplitPatterns.Qwen2) with { TemplatePrefix = [ChatFormat.BeginOfSentence] },
        folder.Path, ChatFormat.DeepSeekR1Config(512));
}
