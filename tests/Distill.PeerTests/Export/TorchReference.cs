using Distill.Models;
using Distill.Weights;
using static TorchSharp.torch;

namespace Distill.PeerTests.Export;

/// <summary>Our own forward pass over the weights of a GGUF file.</summary>
internal sealed class TorchReference : IDisposable
{
    private readonly CausalLM _model;

    public TorchReference(string ggufPath)
    {
        TorchRuntime.Initialize(threads: 1);
        using GgufReader file = GgufReader.Open(ggufPath);
        using var weights = new GgufWeights(file);
        _model = ModelWeights.Load(GgufModelConfig.Read(file), weights, CPU);
        _model.eval();
    }

    /// <summary>Logits after every token: one array per position.</summary>
    public float[][] Logits(int[] tokens)
    {
        using var none = no_grad();
        using var scope = NewDisposeScope();
        Tensor ids = tensor(tokens, ScalarType.Int64).unsqueeze(0), positions = arange(tokens.Length, ScalarType.Int64).unsqueeze(0);
        float[] logits = _model.Logits(_model.Hidden(ids, positions, AttentionMask.CausalOnly)).data<float>().ToArray();
        return [.. logits.Chunk(logits.Length / tokens.Length)];
    }

    /// <summary>The likeliest token, again and again, each time from the whole sequence.</summary>
    public int[] Greedy(int[] prompt, int count)
    {
        List<int> sequence = [.. prompt];
        while (sequence.Count < prompt.Length + count)
        {
            float[] last = Logits([.. sequence])[^1];
            sequence.Add(Array.IndexOf(last, last.Max()));
        }
        return [.. sequence.Skip(prompt.Length)];
    }

    public void Dispose() => _model.Dispose();
}
