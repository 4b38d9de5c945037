using Distill.Eval;
using Distill.Export.Gguf;
using Distill.Inference;
using Distill.Tests;
using Xunit;

namespace Distill.PeerTests.Export;

/// <summary>Our figures of a quantised file against the same figures made from llama.cpp's logits.</summary>
public sealed class QuantizationQualityPeerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    // llama.cpp rounds activations to the type of the weights, we do not; so it is given the weights that the file holds as F32.
    [Theory]
    [InlineData(GgufFileType.Q8_0)]
    [InlineData(GgufFileType.Q4_0)]
    public async Task DivergenceAndPerplexityAreThoseOfLlamaCppsLogits(GgufFileType type)
    {
        LlamaCpp peer = await LlamaCpp.LoadAsync();
        TinyModels.Qwen2(_folder["model"], tied: false);
        GgufExport.Write(_folder["model"], _folder["f32.gguf"], GgufFileType.F32, "tiny");
        GgufExport.Write(_folder["model"], _folder["small.gguf"], type, "tiny");
        GgufPeerTests.WriteAsSinglePrecision(_folder["small.gguf"], _folder["wide.gguf"]);
        File.WriteAllText(_folder["words.txt"], string.Concat(Enumerable.Range(0, 90).Select(i => $"the number {i * i % 97} is in one of them: {i}*37 = {i * 37}, Compute ä 中. ")));

        using SequenceModel reference = SequenceModel.Open(_folder["model"]);
        EvalText text = EvalText.Load(_folder["words.txt"], reference, 3);
        CorpusScore ours = QuantizationQuality.Compare(reference, _folder["small.gguf"], [text], "cpu", null, default)[0];

        using LlamaModel whole = peer.Load(_folder["f32.gguf"]), wide = peer.Load(_folder["wide.gguf"]);
        var divergences = new List<double>();
        double loss = 0, baseLoss = 0;
        int same = 0;
        foreach ((int[] tokens, int first) in text.Chunks)
        {
            double[][] expected = [.. whole.Logits(tokens).Select(LogProbabilities)], found = [.. wide.Logits(tokens).Select(LogProbabilities)];
            for (int i = first; i < tokens.Length - 1; i++)
            {
                divergences.Add(expected[i].Zip(found[i], (p, q) => Math.Exp(p) * (p - q)).Sum());
                baseLoss -= expected[i][tokens[i + 1]];
                loss -= found[i][tokens[i + 1]];
                if (Array.IndexOf(expected[i], expected[i].Max()) == Array.IndexOf(found[i], found[i].Max())) same++;
            }
        }
        Assert.Equal(divergences.Count, ours.Positions);
        Assert.Equal(divergences.Average(), ours.Divergence, 1e-3 * ours.Divergence);
        Assert.Equal(divergences.Max(), ours.DivergenceMax, 1e-3 * ours.DivergenceMax);
        Assert.Equal(Math.Exp(loss / divergences.Count), ours.Perplexity, 1e-4 * ours.Perplexity);
        Assert.Equal(Math.Exp(baseLoss / divergences.Count), ours.ReferencePerplexity, 1e-4 * ours.ReferencePerplexity);
        Assert.InRange(ours.SameTop * divergences.Count, same - 1, same + 1); // a tie may fall either way
        Assert.InRange(ours.Divergence, 1e-7, 1);
    }

    private static double[] LogProbabilities(float[] logits)
    {
        double largest = logits.Max(), norm = largest + Math.Log(logits.Sum(logit => Math.Exp(logit - largest)));
        return [.. logits.Select(logit => logit - norm)];
    }
}
