using System.Runtime.InteropServices;
using Distill.Export.Gguf;
using Distill.Tests;
using Distill.Weights;
using Xunit;

namespace Distill.PeerTests.Export;

/// <summary>
/// llama.cpp runs our GGUF files to the same results as our own forward pass over the same weights.
/// <para>
/// Differences of log-probabilities are given in units of the logits' standard deviation, since rounding errors grow with it.
/// F32 files compare computation with computation: both sides work in single precision and only add up in another order,
/// so they agree to 1e-4 (seen: 3e-6). For other types llama.cpp rounds the activations to the type of the
/// weights before each product (11 bits for F16, 8 for BF16, blocks of 8-bit integers for Q8_0), which we do not, so there the
/// differences are of the size of that rounding. What such a file holds is therefore also compared without it:
/// the weights read back from it are written as F32, and llama.cpp runs that.
/// </para>
/// </summary>
public sealed class GgufPeerTests : IDisposable
{
    private const string Conversation = "<｜begin▁of▁sentence｜><｜User｜>Compute 37*46+158-29.<｜Assistant｜><think>\n37*46 = 1702\nthe other 中文 ä = 12";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string, GgufFileType> EveryFile => new(
        from model in new[] { "qwen2", "qwen2 tied", "deepseek2", "deepseek2 groups" }
        from type in new[] { GgufFileType.F32, GgufFileType.F16, GgufFileType.BF16, GgufFileType.Q8_0 }
        select (model, type));

    [Theory]
    [MemberData(nameof(EveryFile))]
    public async Task WhatAFileHoldsGivesTheSameLogProbabilities(string model, GgufFileType type)
    {
        LlamaCpp peer = await LlamaCpp.LoadAsync();
        string path = Export(model, type), wide = _folder["wide.gguf"];
        WriteAsSinglePrecision(path, wide);
        using LlamaModel llama = peer.Load(wide);
        using var torch = new TorchReference(path);
        int[] tokens = llama.Tokenize(Conversation, addSpecial: false);
        double[] differences = Differences(llama.Logits(tokens), torch.Logits(tokens));
        Assert.InRange(differences.Max(), 0, 1e-4);
    }

    [Theory]
    [MemberData(nameof(EveryFile))]
    public async Task LlamaCppLoadsTheFileItselfAndAgreesUpToItsRoundingOfActivations(string model, GgufFileType type)
    {
        LlamaCpp peer = await LlamaCpp.LoadAsync();
        string path = Export(model, type);
        using LlamaModel llama = peer.Load(path);
        using var torch = new TorchReference(path);
        int[] tokens = llama.Tokenize(Conversation, addSpecial: false);
        Assert.InRange(tokens.Length, 40, 80);
        double[] differences = Differences(llama.Logits(tokens), torch.Logits(tokens));

        // A rounded activation may tip a router to another expert, which changes a position for good: the middle is judged
        // for every model, the worst position only where there are no experts.
        (double middle, double worst) = type switch
        {
            GgufFileType.F32 => (1e-5, 1e-4),
            GgufFileType.F16 => (5e-3, 2e-2),
            GgufFileType.BF16 => (4e-2, 2e-1),
            _ => (1.5e-1, 5e-1),
        };
        Assert.InRange(differences.Order().ElementAt(differences.Length / 2), 0, middle);
        if (type == GgufFileType.F32 || model.StartsWith("qwen2", StringComparison.Ordinal)) Assert.InRange(differences.Max(), 0, worst);
    }

    [Theory]
    [InlineData("qwen2")]
    [InlineData("deepseek2")]
    public async Task GreedyContinuationsOf64TokensAreEqual(string model)
    {
        LlamaCpp peer = await LlamaCpp.LoadAsync();
        string path = Export(model, GgufFileType.F32);
        using LlamaModel llama = peer.Load(path);
        using var torch = new TorchReference(path);
        int[][] prompts = [.. new[] { Conversation, "<｜begin▁of▁sentence｜>the", "1" }.Select(prompt => llama.Tokenize(prompt, addSpecial: false))];
        int[][] ours = torch.Greedy(prompts, 64);
        for (int row = 0; row < prompts.Length; row++)
        {
            (int Token, float Margin)[] theirs = llama.Greedy(prompts[row], 64);
            Assert.True(theirs.Min(token => token.Margin) > 1e-4, "a tie: choose another prompt"); // thirty times the largest difference
            Assert.Equal(theirs.Select(token => token.Token), ours[row]);
        }
    }

    [Theory]
    [InlineData("qwen2")]
    [InlineData("deepseek2")]
    public async Task LlamaCppReadsTheMetadataAsItWasMeant(string model)
    {
        LlamaCpp peer = await LlamaCpp.LoadAsync();
        using LlamaModel llama = peer.Load(Export(model, GgufFileType.Q8_0));
        Assert.StartsWith(model, llama.Description);
        Assert.EndsWith("Q8_0", llama.Description);
        Assert.Equal("0.600000", llama.Metadata("general.sampling.temp"));
        Assert.Equal("0.950000", llama.Metadata("general.sampling.top_p"));
        Assert.Equal(TinyModels.ChatTemplate, llama.Metadata("tokenizer.chat_template"));
        Assert.Equal(TinyModels.BosTokenId, llama.BosTokenId);
        Assert.Equal(TinyModels.BosTokenId + 1, llama.EosTokenId);
        Assert.True(llama.EndsCompletion(llama.EosTokenId));
        Assert.False(llama.EndsCompletion(TinyModels.BosTokenId + 6)); // </think>
        Assert.False(llama.AddBos);
    }

    [Fact]
    public async Task LlamaCppRefusesWhatWeRefuse()
    {
        LlamaCpp peer = await LlamaCpp.LoadAsync();
        byte[] whole = File.ReadAllBytes(Export("qwen2", GgufFileType.F32));
        File.WriteAllBytes(_folder["cut.gguf"], whole[..^5000]);
        Assert.Contains("refuses", Assert.Throws<InvalidOperationException>(() => peer.Load(_folder["cut.gguf"])).Message);
        Assert.Throws<Runs.InputException>(() => GgufReader.Open(_folder["cut.gguf"]));
    }

    private string Export(string model, GgufFileType type)
    {
        string folder = _folder["model"], path = _folder[$"{type}.gguf"];
        _ = model switch
        {
            "qwen2" => TinyModels.Qwen2(folder, tied: false),
            "qwen2 tied" => TinyModels.Qwen2(folder, seed: 2),
            "deepseek2" => TinyModels.DeepSeekV3(folder),
            _ => TinyModels.DeepSeekV3(folder, seed: 3, groups: 4, nope: 16),
        };
        GgufExport.Write(folder, path, type, "tiny");
        return path;
    }

    internal static void WriteAsSinglePrecision(string source, string destination)
    {
        using GgufReader file = GgufReader.Open(source);
        GgufMetadata metadata = [];
        foreach ((string key, object value) in file.Metadata) metadata.Add(key, key == "general.file_type" ? 0u : value);
        GgufWriter.Write(destination, metadata, [.. file.Tensors.Select(tensor => new GgufTensorToWrite(tensor.Name, GgufTensorType.F32, tensor.Shape, stream =>
        {
            var values = new float[tensor.ElementCount];
            file.ReadFloats(tensor, 0, values);
            stream.Write(MemoryMarshal.AsBytes<float>(values));
        }))]);
    }

    /// <summary>The largest difference of log-probabilities at each position, in standard deviations of the logits.</summary>
    private static double[] Differences(float[][] theirs, float[][] ours)
    {
        Assert.Equal(theirs.Length, ours.Length);
        double mean = theirs.Average(logits => logits.Average());
        double deviation = Math.Sqrt(theirs.Average(logits => logits.Average(logit => (logit - mean) * (logit - mean))));
        return [.. LogProbabilities.Differences(theirs, ours).Select(difference => difference / deviation)];
    }
}
