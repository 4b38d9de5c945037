using System.Text.Json.Nodes;
using Distill.Chat;
using Distill.Export.Gguf;
using Distill.Models;
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
        Edit("tokenizer.json", json => json["post_processor"] = JsonNode.Parse($$$$"""{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<｜begin▁of▁sentence｜>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],"special_tokens":{"<｜begin▁of▁sentence｜>":{"id":"<｜begin▁of▁sentence｜>","ids":[{{{{TinyModels.BosTokenId}}}}],"tokens":["<｜begin▁of▁sentence｜>"]}}}"""));
        Assert.Equal(true, Value(Metadata(), "tokenizer.ggml.add_bos_token"));
    }

    [Theory]
    [InlineData(new[] { TinyModels.QwenSplit }, "qwen2")]
    [InlineData(new[] { @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+" }, "llama-bpe")]
    [InlineData(new[] { @"\p{N}{1,3}", "[一-龥぀-ゟ゠-ヿ]+", "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+" }, "deepseek-v3")]
    public void ThePreTokenizerIsNamedByItsPatterns(string[] patterns, string expected)
    {
        SetPatterns(patterns);
        if (expected == "llama-bpe") Edit("tokenizer.json", json => json["model"]!["ignore_merges"] = true);
        Assert.Equal(expected, Metadata().GetString("tokenizer.ggml.pre"));
    }

    [Fact]
    public void WhatLlamaCppCouldNotReproduceIsRefused()
    {
        AssertRefused(() => SetPatterns(@"\p{L}+|\s+"), "no pre-tokenizer");
        AssertRefused(() => Edit("tokenizer.json", json => json["model"]!["ignore_merges"] = true), "no pre-tokenizer");
        AssertRefused(() => Edit("tokenizer.json", json => json["added_tokens"]![3]!["content"] = "he"), "the token `he` has two ids");
        AssertRefused(() => Edit("tokenizer_config.json", json => json.Remove("pad_token")), "the padding token has id 9999");
    }

    [Fact]
    public void ATokenizerLargerThanTheEmbeddingIsRefused()
    {
        InputException error = Assert.Throws<InputException>(() => Metadata(rows: TinyModels.TokenCount - 1));
        Assert.Contains($"the tokenizer has {TinyModels.TokenCount} ids, but the embedding has {TinyModels.TokenCount - 1} rows", error.Message);
    }

    private GgufMetadata Metadata(int? rows = null)
    {
        var metadata = new GgufMetadata();
        GgufTokenizerMetadata.Append(metadata, ModelTokenizer.Load(_folder.Path), Config(rows ?? TinyModels.TokenCount), null, _folder.Path);
        return metadata;
    }

    private static ModelConfig Config(int rows) => new()
    {
        Architecture = Architecture.Qwen2,
        VocabSize = rows,
        HiddenSize = 1,
        IntermediateSize = 1,
        NumHiddenLayers = 1,
        NumAttentionHeads = 1,
        NumKeyValueHeads = 1,
        HeadDim = 1,
        MaxPositionEmbeddings = 1,
        BosTokenId = 5,
        PadTokenId = 9999,
        EosTokenIds = [275, 3],
    };

    private static object? Value(GgufMetadata metadata, string key) => metadata.TryGet(key, out object? value) ? value : null;

    private void AssertRefused(Action damage, string expected)
    {
        TinyModels.WriteTokenizer(_folder.Path);
        damage();
        Assert.Contains(expected, Assert.Throws<InputException>(() => Metadata()).Message);
    }

    private void SetPatterns(params string[] patterns) => Edit("tokenizer.json", json => json["pre_tokenizer"] = new JsonObject
    {
        ["type"] = "Sequence",
        ["pretokenizers"] = new JsonArray(
            [.. patterns.Select(pattern => (JsonNode)new JsonObject { ["type"] = "Split", ["pattern"] = new JsonObject { ["Regex"] = pattern }, ["behavior"] = "Isolated" }),
             new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["use_regex"] = false }]),
    });

    private void Edit(string file, Action<JsonObject> edit)
    {
        JsonObject json = JsonNode.Parse(File.ReadAllText(_folder[file]))!.AsObject();
        edit(json);
        File.WriteAllText(_folder[file], json.ToJsonString());
    }
}
