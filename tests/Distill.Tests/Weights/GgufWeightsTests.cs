using System.Runtime.InteropServices;
using Distill.Runs;
using Distill.Weights;
using Xunit;

namespace Distill.Tests.Weights;

public sealed class GgufWeightsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void TensorsAppearUnderTheirHuggingFaceNames()
    {
        Write("qwen2", Floats("token_embd.weight", [4, 2]), Floats("blk.0.attn_q.bias", [2]), Floats("blk.11.ffn_down.weight", [2, 2]), Floats("output_norm.weight", [2]));
        using IWeightSource weights = GgufWeights.Open(_folder["x.gguf"]);
        Assert.Equal(["model.embed_tokens.weight", "model.layers.0.self_attn.q_proj.bias", "model.layers.11.mlp.down_proj.weight", "model.norm.weight"],
            weights.Tensors.Select(tensor => tensor.Name));
        Assert.False(weights.TryGet("lm_head.weight", out _));
        Assert.Equal([0f, 1, 2, 3, 4, 5, 6, 7], Read(weights, "model.embed_tokens.weight"));
        Assert.Equal(Read(weights, "model.embed_tokens.weight"), MemoryMarshal.Cast<byte, float>(weights.Bytes(weights.Tensors[0])).ToArray());
    }

    [Fact]
    public void ExpertsAreUnstacked()
    {
        Write("deepseek2", Floats("blk.1.ffn_up_exps.weight", [3, 2, 2]));
        using IWeightSource weights = GgufWeights.Open(_folder["x.gguf"]);
        Assert.Equal(3, weights.Tensors.Count);
        Assert.Equal([8f, 9, 10, 11], Read(weights, "model.layers.1.mlp.experts.2.up_proj.weight"));
        Assert.True(weights.TryGet("model.layers.1.mlp.experts.1.up_proj.weight", out TensorInfo? info));
        Assert.Equal([2L, 2L], info.Shape);
        Assert.Equal([4f, 5, 6, 7], MemoryMarshal.Cast<byte, float>(weights.Bytes(info)).ToArray());
    }

    [Fact]
    public void TheKeyValueProjectionIsPutTogetherAgain()
    {
        // Two heads, two key rows, one value row, rank three. Element (head h, row i, column r) of kv_b_proj is 100h + 10i + r.
        float[] keys = [.. from h in Enumerable.Range(0, 2) from r in Enumerable.Range(0, 3) from i in Enumerable.Range(0, 2) select (float)((100 * h) + (10 * i) + r)];
        float[] values = [.. from h in Enumerable.Range(0, 2) from r in Enumerable.Range(0, 3) select (float)((100 * h) + 20 + r)];
        Write("deepseek2", Floats("blk.0.attn_k_b.weight", [2, 3, 2], keys), Floats("blk.0.attn_v_b.weight", [2, 1, 3], values));
        using GgufWeights weights = GgufWeights.Open(_folder["x.gguf"]);
        Assert.Equal("model.layers.0.self_attn.kv_b_proj.weight", Assert.Single(weights.Tensors).Name);
        Assert.Equal([6L, 3L], weights.Tensors[0].Shape);
        Assert.Equal([0f, 1, 2, 10, 11, 12, 20, 21, 22, 100, 101, 102, 110, 111, 112, 120, 121, 122], Read(weights, weights.Tensors[0].Name));
    }

    [Fact]
    public void QuantisedTensorsAppearAsSinglePrecision()
    {
        byte[] block = [0x00, 0x38, .. Enumerable.Range(-16, 32).Select(i => (byte)i)]; // scale 0.5
        Write("qwen2", new GgufTensorToWrite("token_embd.weight", GgufTensorType.Q8_0, [2, 32], stream => { stream.Write(block); stream.Write(block); }));
        using IWeightSource weights = GgufWeights.Open(_folder["x.gguf"]);
        Assert.Equal(TensorType.F32, weights.Tensors[0].Type);
        float[] expected = [.. Enumerable.Range(-16, 32).Concat(Enumerable.Range(-16, 32)).Select(i => i / 2f)];
        Assert.Equal(expected, Read(weights, "model.embed_tokens.weight"));
        Assert.Equal(expected, MemoryMarshal.Cast<byte, float>(weights.Bytes(weights.Tensors[0])).ToArray());
    }

    [Fact]
    public void WhatHasNoPlaceIsNamed()
    {
        Write("mamba", Floats("token_embd.weight", [2]));
        Assert.Contains("architecture `mamba`", Assert.Throws<InputException>(() => GgufWeights.Open(_folder["x.gguf"])).Message);
        Write("qwen2", Floats("blk.0.attn_sinks.weight", [2]));
        Assert.Contains("`blk.0.attn_sinks.weight`", Assert.Throws<InputException>(() => GgufWeights.Open(_folder["x.gguf"])).Message);
        Write("deepseek2", Floats("blk.0.attn_k_b.weight", [2, 3, 2]));
        Assert.Contains("no matching `blk.0.attn_v_b.weight`", Assert.Throws<InputException>(() => GgufWeights.Open(_folder["x.gguf"])).Message);
    }

    [Fact]
    public void ExpertsWithoutNumbersAndNamesOfOneMeaningAreRefused()
    {
        Write("deepseek2", new GgufTensorToWrite("blk.0.ffn_up_exps.weight", GgufTensorType.F32, [1L << 40, 0, 2], _ => { }));
        Assert.Contains("`blk.0.ffn_up_exps.weight` is empty", Assert.Throws<InputException>(() => GgufWeights.Open(_folder["x.gguf"])).Message);
        Write("qwen2", Floats("blk.0.attn_q.bias", [2]), Floats("blk.00.attn_q.bias", [2]));
        Assert.Contains("`blk.00.attn_q.bias` is there twice", Assert.Throws<InputException>(() => GgufWeights.Open(_folder["x.gguf"])).Message);
    }

    [Theory]
    [InlineData("model.embed_tokens.weight", "token_embd.weight", null)]
    [InlineData("lm_head.weight", "output.weight", null)]
    [InlineData("model.layers.27.self_attn.k_proj.bias", "blk.27.attn_k.bias", null)]
    [InlineData("model.layers.3.mlp.experts.255.down_proj.weight", "blk.3.ffn_down_exps.weight", 255)]
    [InlineData("model.layers.3.mlp.gate.e_score_correction_bias", "blk.3.exp_probs_b.bias", null)]
    [InlineData("model.layers.0.self_attn.rotary_emb.inv_freq", null, null)]
    [InlineData("model.layers.x.mlp.up_proj.weight", null, null)]
    public void NamesMapBothWays(string huggingFace, string? gguf, int? expert)
    {
        Assert.Equal(gguf, GgufTensorNames.ToGguf(huggingFace, out int? index));
        Assert.Equal(expert, index);
        if (gguf is not null) Assert.Equal(huggingFace, expert is null ? GgufTensorNames.ToHuggingFace(gguf) : GgufTensorNames.ToHuggingFaceExpert(gguf, expert.Value));
    }

    private static float[] Read(IWeightSource weights, string name)
    {
        Assert.True(weights.TryGet(name, out TensorInfo? info));
        var values = new float[info.ElementCount];
        weights.ReadFloats(info, 0, values);
        return values;
    }

    private static GgufTensorToWrite Floats(string name, long[] shape, float[]? values = null)
    {
        values ??= [.. Enumerable.Range(0, (int)shape.Aggregate((a, b) => a * b)).Select(i => (float)i)];
        return new(name, GgufTensorType.F32, shape, stream => stream.Write(MemoryMarshal.AsBytes<float>(values)));
    }

    private void Write(string architecture, params GgufTensorToWrite[] tensors) =>
        GgufWriter.Write(_folder["x.gguf"], new GgufMetadata { { "general.architecture", architecture } }, tensors);
}
