using System.Text.Json.Nodes;
using Distill.Export.Gguf;
using Distill.Runs;
using Distill.Weights;
using Xunit;

namespace Distill.Tests.Export;

public sealed class GgufTokenizerMetadataTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public GgufTokenizerMetadataTests() => TinyModels.WriteTokenizer(_folder.Path);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void TokensCarryTheirKindAndFreeRowsAreFilled()
    {
        GgufMetadata metadata = Metadata(rows: TinyModels.TokenCount + 2);
        string[] tokens = metadata.GetArray<string>("tokenizer.ggml.tokens");
        int[] types = metadata.GetArray<int>("tokenizer.ggml.token_type");
        Assert.Equal(TinyModels.TokenCount + 2, tokens.Length);
        Assert.Equal(("Ġ", 1), (tokens[' '], types[' '])); // a space in the byte-level alphabet, a normal token
        Assert.Equal(("<｜begin▁of▁sentence｜>", 3), (tokens[TinyModels.BosTokenId], types[TinyModels.BosTokenId]));
        Assert.Equal(("<think>", 4), (tokens[TinyModels.BosTokenId + 5], types[TinyModels.BosTokenId + 5])); // not special: stays visible
        Assert.Equal(($"[PAD{TinyModels.TokenCount}]", 5), (tokens[^2], types[^2]));
        Assert.Equal("Ġ t", metadata.GetArray<string>("tokenizer.ggml.merges")[0]);
        Assert.Equal(tokens.Length, tokens.Distinct().Count());
    }

    [Fact]
    public void AnUnspecialTokenBetweenBarsIsAControlToken()
    {
        Edit("tokenizer.json", json => json["added_tokens"]![3]!["special"] = false); // <｜User｜>
        Assert.Equal(3, Metadata().GetArray<int>("tokenizer.ggml.token_type")[TinyModels.BosTokenId + 3]);
    }

    [Fact]
    public void OldAndNewFormsOfMergesMeanTheSame()
    {
        string[] pairs = Metadata().GetArray<string>("tokenizer.ggml.merges");
        Edit("tokenizer.json", json => json["model"]!["merges"] = new JsonArray([.. pairs.Select(pair => (JsonNode)pair)]));
        Assert.Equal(pairs, Metadata().GetArray<string>("tokenizer.ggml.merges"));
    }

    [Fact]
    public void SpecialIdsComeFromTheTokenizerBeforeTheModel()
    {
        File.WriteAllText(_folder["config.json"], """{"bos_token_id":5,"pad_token_id":7,"eos_token_id":[275,3]}""");
        Assert.Equal((uint)TinyModels.BosTokenId, Value(Metadata(), "tokenizer.ggml.bos_token_id"));
        Edit("tokenizer_config.json", json => json.Remove("bos_token"));
        Edit("tokenizer_config.json", json => json["eos_token"] = null);
        Edit("tokenizer_config.json", json => json["pad_token"] = new JsonObject { ["content"] = "<｜▁pad▁｜>" });
        GgufMetadata metadata = Metadata();
        Assert.Equal(5u, Value(metadata, "tokenizer.ggml.bos_token_id"));
        Assert.Equal(275u, Value(metadata, "tokenizer.ggml.eos_token_id"));
        Assert.Equal((uint)TinyModels.BosTokenId + 2, Value(metadata, "tokenizer.ggml.padding_token_id"));
    }

    [Fact]
    public void WhetherABeginningTokenIsAddedIsStatedOrInferred()
    {
        Assert.Equal(false, Value(Metadata(), "tokenizer.ggml.add_bos_token"));
        Edit("tokenizer_config.json", json => json["add_bos_token"] = true);
        Assert.Equal(true, Value(Metadata(), "tokenizer.ggml.add_bos_token"));
        Edit("tokenizer_config.json", json => json.Remove("add_bos_token"));
        Assert.Equal(false, Value(Metadata(), "tokenizer.ggml.add_bos_token"));
        Edit("tokenizer.json", json => json["post_processor"] = JsonNode.Parse("""{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<｜begin▁of▁sentence｜>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}]}"""));
        Assert.Equal(true, Value(Metadata(), "tokenizer.ggml.add_bos_token"));
    }

    [Fact]
    public void TheChatTemplateIsFoundWhereverItIs()
    {
        Assert.Equal(TinyModels.ChatTemplate, Metadata().GetString("tokenizer.chat_template"));
        Edit("tokenizer_config.json", json => json["chat_template"] = JsonNode.Parse("""[{"name":"default","template":"A"},{"name":"tool_use","template":"B"}]"""));
        GgufMetadata named = Metadata();
        Assert.Equal("A", named.GetString("tokenizer.chat_template"));
        Assert.Equal("B", named.GetString("tokenizer.chat_template.tool_use"));
        Assert.Equal(["tool_use"], named.GetArray<string>("tokenizer.chat_templates"));
        Edit("tokenizer_config.json", json => json.Remove("chat_template"));
        Assert.Null(Metadata().FindString("tokenizer.chat_template"));
        File.WriteAllText(_folder["chat_template.jinja"], "C");
        Assert.Equal("C", Metadata().GetString("tokenizer.chat_template"));
    }

    [Theory]
    [InlineData(new[] { TinyModels.QwenSplit }, "qwen2")]
    [InlineData(new[] { @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+" }, "llama-bpe")]
    [InlineData(new[] { @"\p{N}{1,3}", "[一-龥぀-ゟ゠-ヿ]+", "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+" }, "deepseek-v3")]
    public void ThePreTokenizerIsNamedByItsPatterns(string[] patterns, string expected)
    {
        SetPatterns(patterns);
        Assert.Equal(expected, Metadata().GetString("tokenizer.ggml.pre"));
    }

    [Fact]
    public void WhatLlamaCppCouldNotReproduceIsRefused()
    {
        AssertRefused(() => SetPatterns(@"\w+"), "no pre-tokenizer");
        AssertRefused(() => Edit("tokenizer.json", json => json["model"]!["type"] = "Unigram"), "not a byte-level BPE");
        AssertRefused(() => Edit("tokenizer.json", json => json["model"]!["byte_fallback"] = true), "not a byte-level BPE");
        AssertRefused(() => Edit("tokenizer.json", json => json["added_tokens"]![1]!["content"] = "he"), "two tokens have the text `he`");
        AssertRefused(() => Edit("tokenizer.json", json => json["model"]!["vocab"]!["he"] = 3), "token id 3");
        AssertRefused(() => Edit("tokenizer.json", json => json["model"]!["merges"] = new JsonArray("a b c")), "has not two parts");
        AssertRefused(() => Edit("tokenizer.json", json => json.Remove("model")), "not a usable tokenizer");
        AssertRefused(() => File.WriteAllText(_folder["tokenizer.json"], "{\n\n nonsense"), "tokenizer.json:3: is not valid JSON");
        AssertRefused(() => File.Delete(_folder["tokenizer.json"]), "tokenizer.json: missing");
        AssertRefused(() => File.WriteAllText(_folder["config.json"], """{"unk_token_id":9999}"""), "the unk token has id 9999");
    }

    [Fact]
    public void ATokenizerLargerThanTheEmbeddingIsRefused()
    {
        InputException error = Assert.Throws<InputException>(() => Metadata(rows: TinyModels.TokenCount - 1));
        Assert.Contains($"token ids go up to {TinyModels.TokenCount - 1}, but the embedding has {TinyModels.TokenCount - 1} rows", error.Message);
    }

    private GgufMetadata Metadata(int? rows = null)
    {
        var metadata = new GgufMetadata();
        GgufTokenizerMetadata.Append(metadata, TokenizerFiles.Read(_folder.Path), rows ?? TinyModels.TokenCount);
        return metadata;
    }

    private static object? Value(GgufMetadata metadata, string key) => metadata.TryGet(key, out object? value) ? value : null;

    private void AssertRefused(Action damage, string expected)
    {
        TinyModels.WriteTokenizer(_folder.Path);
        File.Delete(_folder["config.json"]);
        damage();
        Assert.Contains(expected, Assert.Throws<InputException>(() => Metadata()).Message);
    }

    private void SetPatterns(params string[] patterns) => Edit("tokenizer.json", json => json["pre_tokenizer"] = new JsonObject
    {
        ["type"] = "Sequence",
        ["pretokenizers"] = new JsonArray(
            [.. patterns.Select(pattern => (JsonNode)new JsonObject { ["type"] = "Split", ["pattern"] = new JsonObject { ["Regex"] = pattern } }),
             new JsonObject { ["type"] = "ByteLevel" }]),
    });

    private void Edit(string file, Action<JsonObject> edit)
    {
        JsonObject json = JsonNode.Parse(File.ReadAllText(_folder[file]))!.AsObject();
        edit(json);
        File.WriteAllText(_folder[file], json.ToJsonString());
    }
}
