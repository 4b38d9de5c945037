using Distill.Models;
using Distill.Weights;
using Xunit;
using static TorchSharp.torch;

namespace Distill.Tests.Models;

public sealed class CausalLMTests
{
    public static TheoryData<string> Shapes => 
        ["llama", "llama tied", "qwen tied", "qwen untied", "qwen3", "deepseek", "deepseek without query rank", "deepseek with groups", "deepseek with yarn"];

    private static ModelConfig Shape(string name) => name switch
    {
        "llama" => TinyShapes.Llama(),
        "llama tied" => TinyShapes.Llama(tied: true),
        "qwen3" => TinyShapes.Qwen3(),
        "qwen tied" => TinyShapes.Qwen(),
        "qwen untied" => TinyShapes.Qwen(tied: false),
        "deepseek" => TinyShapes.DeepSeek(),
        "deepseek without query rank" => TinyShapes.DeepSeek(queryRank: null),
        "deepseek with yarn" => TinyShapes.DeepSeek() with { RopeScaling = new YarnRopeScaling { Factor = 4, OriginalMaxPositionEmbeddings = 32, Mscale = 0.8, MscaleAllDim = 0.8 } },
        _ => TinyShapes.DeepSeek(groups: 4),
    };

    private static Tensor Ids(params long[] ids) => tensor(ids, [1, ids.Length]);

    private static Tensor Positions(int start, int count) => arange(start, start + count, dtype: ScalarType.Int64).unsqueeze(0);

    [Theory, MemberData(nameof(Shapes))]
    public void DecodingWithACacheGivesTheLogitsOfOnePass(string shape)
    {
        using var none = no_grad();
        using CausalLM model = TinyShapes.Random(Shape(shape));
        long[] ids = [.. Enumerable.Range(0, 20).Select(i => (long)((i * 7) % 48))];
        Tensor whole = model.Logits(model.Hidden(Ids(ids), Positions(0, 20), AttentionMask.CausalOnly));
        using var cache = new KVCache(model.Config.NumHiddenLayers, 64);
        var parts = new List<Tensor> { model.Hidden(Ids(ids[..7]), Positions(0, 7), AttentionMask.CausalOnly, cache) };
        parts.Add(model.Hidden(Ids(ids[7..12]), Positions(7, 5), AttentionMask.LeftPadded(zeros(1, ScalarType.Int64), 5, 12), cache));
        for (int i = 12; i < 20; i++) parts.Add(model.Hidden(Ids(ids[i]), Positions(i, 1), AttentionMask.None, cache));
        Assert.True(TinyShapes.LargestDifference(whole, model.Logits(cat(parts, 1))) < 2e-5);
    }

    [Theory, MemberData(nameof(Shapes))]
    public void PackedSamplesDoNotSeeEachOther(string shape)
    {
        using var none = no_grad();
        using CausalLM model = TinyShapes.Random(Shape(shape));
        long[] first = [3, 9, 27, 33, 5], second = [8, 16, 32, 40, 41, 42, 43];
        Tensor alone = model.Hidden(Ids(second), Positions(0, 7), AttentionMask.CausalOnly);
        Tensor packed = model.Hidden(Ids([.. first, .. second, 0, 0]), cat([Positions(0, 5), Positions(0, 7), zeros(1, 2, ScalarType.Int64)], 1),
            AttentionMask.WithinDocuments([[5, 7, 2]], CPU));
        Assert.True(TinyShapes.LargestDifference(alone, packed.narrow(1, 5, 7)) < 1e-5);
    }

    // Long rows are attended to document by document: the same numbers as each document alone.
    [Theory, MemberData(nameof(Shapes))]
    public void LongPackedRowsNeedNoMask(string shape)
    {
        using var none = no_grad();
        using CausalLM model = TinyShapes.Random(Shape(shape) with { MaxPositionEmbeddings = 1024 });
        long[][] documents = [.. new[] { 300, 150, 120 }.Select((length, k) => Enumerable.Range(0, length).Select(i => (long)(((i * 7) + k) % 48)).ToArray())];
        long[] row = [.. documents.SelectMany(ids => ids)];
        Tensor positions = cat([.. documents.Select(ids => Positions(0, ids.Length))], 1);
        AttentionMask mask = AttentionMask.WithinDocuments([[300, 150, 120], [570]], CPU);
        Assert.Null(mask.Bias);
        Tensor packed = model.Hidden(cat([Ids(row), Ids(row)], 0), cat([positions, Positions(0, row.Length)], 0), mask);
        Assert.True(TinyShapes.LargestDifference(model.Hidden(Ids(documents[1]), Positions(0, 150), AttentionMask.CausalOnly), packed.narrow(0, 0, 1).narrow(1, 300, 150)) < 2e-5);
        Assert.True(TinyShapes.LargestDifference(model.Hidden(Ids(row), Positions(0, row.Length), AttentionMask.CausalOnly), packed.narrow(0, 1, 1)) < 2e-5);
    }

    [Theory, MemberData(nameof(Shapes))]
    public void LeftPaddingChangesNothing(string shape)
    {
        using var none = no_grad();
        using CausalLM model = TinyShapes.Random(Shape(shape));
        long[] ids = [3, 9, 27, 33, 5];
        Tensor alone = model.Hidden(Ids(ids), Positions(0, 5), AttentionMask.CausalOnly);
        using var cache = new KVCache(model.Config.NumHiddenLayers, 64);
        Tensor padded = model.Hidden(Ids([0, 0, 0, .. ids]), cat([zeros(1, 3, ScalarType.Int64), Positions(0, 5)], 1),
            AttentionMask.LeftPadded(tensor(new long[] { 3 }), 8, 8), cache);
        Assert.True(TinyShapes.LargestDifference(alone, padded.narrow(1, 3, 5)) < 1e-5);
    }

    [Theory, MemberData(nameof(Shapes))]
    public void SavingAndLoadingKeepsEveryBit(string shape)
    {
        using var folder = new TemporaryFolder();
        using CausalLM model = TinyShapes.Random(Shape(shape));
        ModelWeights.Save(model, folder.Path);
        using CausalLM loaded = ModelWeights.Load(folder.Path, CPU);
        Assert.Equal(model.Config with { EosTokenIds = [], Origin = null }, loaded.Config with { EosTokenIds = [], Origin = null });
        Assert.Equal(model.Config.EosTokenIds, loaded.Config.EosTokenIds);
        foreach (((string name, var expected), (string _, var actual)) in model.named_parameters().Zip(loaded.named_parameters()))
            Assert.True(TinyShapes.Floats(expected).SequenceEqual(TinyShapes.Floats(actual)), name);
        foreach (((string name, var expected), (string _, var actual)) in model.named_buffers().Zip(loaded.named_buffers()))
            Assert.True(TinyShapes.Floats(expected).SequenceEqual(TinyShapes.Floats(actual)), name);
    }

    [Fact]
    public void FilesUseTheCheckpointsNames()
    {
        using var folder = new TemporaryFolder();
        using CausalLM model = TinyShapes.Random(TinyShapes.DeepSeek());
        ModelWeights.Save(model, folder.Path);
        using IWeightSource file = WeightSource.Open(folder.Path);
        string[] names = [.. file.Tensors.Select(tensor => tensor.Name)];
        foreach (string name in (string[])["model.embed_tokens.weight", "lm_head.weight", "model.layers.0.mlp.gate_proj.weight",
            "model.layers.1.self_attn.q_a_layernorm.weight", "model.layers.1.self_attn.kv_a_proj_with_mqa.weight", "model.layers.1.self_attn.kv_b_proj.weight",
            "model.layers.1.mlp.gate.weight", "model.layers.1.mlp.gate.e_score_correction_bias", "model.layers.2.mlp.experts.7.down_proj.weight",
            "model.layers.2.mlp.shared_experts.up_proj.weight"])
            Assert.Contains(name, names);
    }

    [Fact]
    public void AWrongShapeIsNamedWithExpectedAndFound()
    {
        using var folder = new TemporaryFolder();
        using CausalLM model = TinyShapes.Random(TinyShapes.Qwen());
        ModelWeights.Save(model, folder.Path);
        ModelConfigFile.Save(model.Config with { HiddenSize = 64 }, folder.Path);
        var error = Assert.Throws<Distill.Runs.InputException>(() => ModelWeights.Load(folder.Path, CPU));
        Assert.Contains("model.embed_tokens.weight", error.Message, StringComparison.Ordinal);
        Assert.Contains("[48, 32]", error.Message, StringComparison.Ordinal);
        Assert.Contains("[48, 64]", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TheSameSeedGivesTheSameWeights()
    {
        using CausalLM a = TinyShapes.Random(TinyShapes.Qwen(), 5), b = TinyShapes.Random(TinyShapes.Qwen(), 5), c = TinyShapes.Random(TinyShapes.Qwen(), 6);
        Assert.Equal(0, TinyShapes.LargestDifference(a.Head.Weight, b.Head.Weight));
        Assert.NotEqual(0, TinyShapes.LargestDifference(a.Head.Weight, c.Head.Weight));
    }
}
