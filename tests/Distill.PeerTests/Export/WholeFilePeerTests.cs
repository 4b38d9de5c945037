using Distill.Export.Gguf;
using Distill.Export.Quantization;
using Distill.Models;
using Distill.Runs;
using Distill.Tests;
using Distill.Weights;
using Xunit;

namespace Distill.PeerTests.Export;

/// <summary>
/// Files that we write in one step from a checkpoint against llama.cpp's own quantisation of our F32 file: the same tensors in the
/// same types with the same bytes, and llama.cpp loads them and goes on with a prompt.
/// </summary>
public sealed class WholeFilePeerTests : IDisposable
{
    private const string Prompt = "<｜begin▁of▁sentence｜><｜User｜>Compute 37*46+158-29.<｜Assistant｜><think>\n";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string> Models => ["narrow", "wide", "wide tied", "experts", "eight experts"];

    [Theory]
    [MemberData(nameof(Models))]
    public async Task EveryTypeOfFileEqualsLlamaCppsAndRuns(string model)
    {
        LlamaCpp peer = await LlamaCpp.LoadAsync();
        Make(model);
        GgufExport.Write(_folder["model"], _folder["f32.gguf"], GgufFileType.F32, "tiny");
        var refused = new List<GgufFileType>();
        foreach (GgufFileType type in Enum.GetValues<GgufFileType>().Where(type => type is not GgufFileType.F32))
        {
            string ours = _folder[$"{type}.gguf"], theirs = _folder["theirs.gguf"], requantized = _folder["again.gguf"];
            try
            {
                GgufExport.Write(_folder["model"], ours, type, "tiny");
            }
            catch (InputException e) when (e.Message.Contains("needs an imatrix"))
            {
                refused.Add(type);
                continue;
            }
            peer.QuantizeFile(_folder["f32.gguf"], theirs, (int)type, threads: 2);
            AssertSameTensors(theirs, ours, type);
            if (type == GgufFileType.Q4_K_M)
            {
                GgufExport.Write(_folder["f32.gguf"], requantized, type, "tiny");
                AssertSameTensors(theirs, requantized, type);
            }
            AssertRuns(peer, ours);
        }
        // Rows that are no whole blocks fall back to types that can do without.
        Assert.Equal(model == "narrow" ? [] : [GgufFileType.IQ2_XXS, GgufFileType.IQ2_XS, GgufFileType.Q2_K_S, GgufFileType.IQ3_XS, GgufFileType.IQ3_XXS, GgufFileType.IQ1_S, GgufFileType.IQ2_S, GgufFileType.IQ2_M, GgufFileType.IQ1_M], refused);
        foreach (GgufFileType type in refused) Assert.Throws<InvalidOperationException>(() => peer.QuantizeFile(_folder["f32.gguf"], _folder["theirs.gguf"], (int)type));
    }

    [Fact]
    public async Task ShardsAreLoadedAsOneModel()
    {
        LlamaCpp peer = await LlamaCpp.LoadAsync();
        Make("wide");
        GgufSummary whole = GgufExport.Write(_folder["model"], _folder["whole.gguf"], GgufFileType.Q4_K_M, "tiny");
        GgufSummary shards = GgufExport.Write(_folder["model"], _folder["part.gguf"], GgufFileType.Q4_K_M, "tiny", new GgufExportSettings { MaxShardBytes = 400_000 });
        Assert.InRange(shards.Files.Count, 3, 12);
        Assert.EndsWith($"part-00001-of-{shards.Files.Count:00000}.gguf", shards.Files[0]);
        using LlamaModel one = peer.Load(whole.Files[0]), split = peer.Load(shards.Files[0]);
        int[] tokens = one.Tokenize(Prompt, addSpecial: false);
        Assert.Equal(one.Logits(tokens)[^1], split.Logits(tokens)[^1]);
    }

    // llama.cpp takes seconds for some of these types: all of them on one model, and those with rules of their own for experts on another.
    [Theory]
    [InlineData("wide", new[]
    {
        GgufFileType.Q2_K_S, GgufFileType.Q4_0, GgufFileType.Q5_0, GgufFileType.Q4_K_M, GgufFileType.IQ4_NL, GgufFileType.IQ4_XS, GgufFileType.IQ3_M, GgufFileType.IQ3_XS, GgufFileType.IQ3_XXS,
        GgufFileType.IQ2_M, GgufFileType.IQ2_S, GgufFileType.IQ2_XS, GgufFileType.IQ2_XXS, GgufFileType.IQ1_M, GgufFileType.IQ1_S,
    })]
    [InlineData("eight experts", new[] { GgufFileType.Q3_K_M, GgufFileType.IQ3_M, GgufFileType.IQ2_XXS })]
    public async Task FilesWithAnImatrixEqualLlamaCppsAndRun(string model, GgufFileType[] types)
    {
        LlamaCpp peer = await LlamaCpp.LoadAsync();
        Make(model);
        GgufExport.Write(_folder["model"], _folder["f32.gguf"], GgufFileType.F32, "tiny");
        ImportanceMatrix importance = RandomImportance(_folder["f32.gguf"]);
        Dictionary<string, float[]> means = importance.Entries.ToDictionary(entry => entry.Key, entry => entry.Value.Means());
        foreach (GgufFileType type in types)
        {
            GgufExport.Write(_folder["model"], _folder["ours.gguf"], type, "tiny", new GgufExportSettings { Importance = importance });
            peer.QuantizeFile(_folder["f32.gguf"], _folder["theirs.gguf"], (int)type, threads: 2, means);
            AssertSameTensors(_folder["theirs.gguf"], _folder["ours.gguf"], type);
            AssertRuns(peer, _folder["ours.gguf"]);
        }
        using GgufReader file = GgufReader.Open(_folder["ours.gguf"]);
        Assert.Equal("random.gguf", file.Metadata.FindString("quantize.imatrix.file"));
    }

    // Of every matrix but the embedding, each expert's by itself.
    private static ImportanceMatrix RandomImportance(string path)
    {
        var random = new Random(5);
        using GgufReader plain = GgufReader.Open(path);
        Dictionary<string, ImportanceEntry> entries = plain.Tensors.Where(tensor => tensor.Name.StartsWith("blk.", StringComparison.Ordinal) && tensor.Shape.Count >= 2).ToDictionary(tensor => tensor.Name, tensor =>
        {
            int matrices = tensor.Shape.Count == 3 ? (int)tensor.Shape[0] : 1;
            return new ImportanceEntry([.. Enumerable.Range(0, matrices * (int)tensor.Shape[^1]).Select(_ => random.NextSingle())], [.. Enumerable.Range(0, matrices).Select(i => i + 1f)]);
        });
        return new ImportanceMatrix("random.gguf", ["words.txt"], 1, 512, entries);
    }

    private static void AssertRuns(LlamaCpp peer, string path)
    {
        using LlamaModel llama = peer.Load(path);
        Assert.Equal(4, llama.Greedy(llama.Tokenize(Prompt, addSpecial: false), 4).Length);
    }

    private void Make(string model)
    {
        if (model is "experts" or "eight experts")
        {
            ModelConfig mixture = TinyModels.MixtureOfExperts(groups: model == "experts" ? 1 : 2);
            TinyModels.Write(_folder["model"], mixture with { HiddenSize = 256, IntermediateSize = 256, Mixture = mixture.Mixture! with { MoeIntermediateSize = 256 } });
            return;
        }
        ModelConfig dense = TinyModels.Dense(Architecture.Qwen2);
        TinyModels.Write(_folder["model"], model == "narrow" ? dense : dense with
        {
            HiddenSize = 256,
            IntermediateSize = 256,
            HeadDim = 64,
            NumKeyValueHeads = 1, // four query heads share it: values get more bits
            NumHiddenLayers = 9,
            TieWordEmbeddings = model == "wide tied",
        });
    }

    private static void AssertSameTensors(string theirPath, string ourPath, GgufFileType type)
    {
        using GgufReader ours = GgufReader.Open(ourPath), theirs = GgufReader.Open(theirPath);
        Assert.Equal(theirs.Tensors.Select(tensor => tensor.Name).Order(), ours.Tensors.Select(tensor => tensor.Name).Order());
        foreach (GgufTensorInfo expected in theirs.Tensors)
        {
            Assert.True(ours.TryGet(expected.Name, out GgufTensorInfo? info));
            Assert.Equal((type, expected.Name, expected.Type, expected.ByteCount), (type, info.Name, info.Type, info.ByteCount));
            Assert.Equal(expected.Shape, info.Shape);
            Assert.True(theirs.Bytes(expected).SequenceEqual(ours.Bytes(info)), $"{type} {expected.Name}");
        }
        foreach ((string key, object value) in theirs.Metadata)
        {
            Assert.True(ours.Metadata.TryGet(key, out object? stored), $"{type} {key}");
            Assert.Equal(value, stored);
        }
    }
}
