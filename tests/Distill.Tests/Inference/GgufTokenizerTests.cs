using Distill.Chat;
using Distill.Export.Gguf;
using Distill.Inference;
using Distill.Runs;
using Distill.Weights;
using Xunit;

namespace Distill.Tests.Inference;

public sealed class GgufTokenizerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    // A file has room for one end of sequence; a model that ends turns with another token would never stop.
    [Fact]
    public void CompletionsEndWhereTheFileSaysAndWhereLlamaCppEndsThem()
    {
        TinyModels.Qwen2(_folder["model"]);
        GgufExport.Write(_folder["model"], _folder["x.gguf"], GgufFileType.F16, "tiny");
        using GgufReader file = GgufReader.Open(_folder["x.gguf"]);
        ModelTokenizer tokenizer = GgufTokenizer.Read(file);
        AddedToken[] added = [new(300, "<|im_end|>", true), new(301, "<|im_start|>", true), new(302, "<|eot_id|>", false)];
        var metadata = new GgufMetadata { { "tokenizer.ggml.eos_token_id", 7u }, { "tokenizer.ggml.eom_token_id", 9u } };

        IReadOnlyList<int> stops = GgufStopTokens.Of(metadata, ModelTokenizer.FromDefinition(tokenizer.Definition with { AddedTokens = added }));

        Assert.Equal([7, 9, 300, 302], stops.Order());
        Assert.Equal([tokenizer.EosTokenId!.Value], GgufStopTokens.Of(file.Metadata, tokenizer));
    }

    [Fact]
    public void TheTokenizerThatComesBackIsTheOneThatWentIn()
    {
        TinyModels.Qwen2(_folder["model"]);
        GgufExport.Write(_folder["model"], _folder["x.gguf"], GgufFileType.F16, "tiny");
        using GgufReader file = GgufReader.Open(_folder["x.gguf"]);
        ModelTokenizer expected = ModelTokenizer.Load(_folder["model"]), read = GgufTokenizer.Read(file);

        string[] texts =
        [
            "Compute 37*46+158-29.", "  the\n\nother   on  ", "<｜begin▁of▁sentence｜><｜User｜>hé äöü 中文 🙂<｜Assistant｜><think>\nthe</think>\n\n= 4",
            "\u00A0\u3000x\r\n\t'S won't", "", "[PAD285]", "\0\u0001",
        ];
        foreach (string text in texts)
        {
            int[] ids = expected.Encode(text);
            Assert.Equal(ids, read.Encode(text));
            Assert.Equal(expected.Decode(ids), read.Decode(ids));
        }
        Assert.Equal(expected.BosTokenId, read.BosTokenId);
        Assert.Equal(expected.EosTokenId, read.EosTokenId);
        Assert.Equal(expected.PadTokenId, read.PadTokenId);
        Assert.Equal(expected.AddBosToken, read.AddBosToken);
        Assert.Equal(expected.Config.ChatTemplate, read.Config.ChatTemplate);
        Assert.Equal(expected.VocabularySize, TinyModels.TokenCount);
        for (int id = 0; id < TinyModels.TokenCount; id++) Assert.Equal(expected.IsSpecial(id), read.IsSpecial(id));
    }

    [Theory]
    [InlineData("tokenizer.ggml.model", "llama", "is not byte-level BPE")]
    [InlineData("tokenizer.ggml.pre", "default", "pre-tokenizer `default` is not known")]
    [InlineData("tokenizer.ggml.merges", "a b c", "has not two parts")]
    [InlineData("tokenizer.ggml.token_type", "1", "256 tokens have 1 types")]
    public void WhatCannotBeReadIsNamed(string key, string value, string expected)
    {
        var keys = new Dictionary<string, object>
        {
            ["tokenizer.ggml.model"] = "gpt2",
            ["tokenizer.ggml.pre"] = "qwen2",
            ["tokenizer.ggml.tokens"] = Enumerable.Range(0, 256).Select(b => ByteAlphabet.Encode([(byte)b])).ToArray(),
            ["tokenizer.ggml.token_type"] = Enumerable.Repeat(1, 256).ToArray(),
            ["tokenizer.ggml.merges"] = Array.Empty<string>(),
        };
        Assert.Equal([72, 105], Read(keys).Encode("Hi"));
        keys[key] = keys[key] switch { string => value, string[] => new[] { value }, _ => new[] { 1 } };
        Assert.Contains(expected, Assert.Throws<InputException>(() => Read(keys)).Message);
    }

    private ModelTokenizer Read(Dictionary<string, object> keys)
    {
        GgufMetadata metadata = [];
        foreach ((string key, object value) in keys) metadata.Add(key, value);
        GgufWriter.Write(_folder["t.gguf"], metadata, []);
        using GgufReader file = GgufReader.Open(_folder["t.gguf"]);
        return GgufTokenizer.Read(file);
    }
}
