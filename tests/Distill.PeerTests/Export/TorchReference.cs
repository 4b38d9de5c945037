using Distill.Inference;
using Distill.Models;
using Distill.Weights;
using static TorchSharp.torch;

namespace Distill.PeerTests.Export;

/// <summary>Our own forward pass, over the weights of a GGUF file unless said otherwise.</summary>
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

    private TorchReference(CausalLM model)
    {
        _model = model;
        _model.eval();
    }

    /// <summary>The same over the weights of a model folder.</summary>
    public static TorchReference OfFolder(string folder)
    {
        TorchRuntime.Initialize(threads: 1);
        return new(ModelWeights.Load(folder, CPU));
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

    /// <summary>
    /// The likeliest token of each prompt, again and again, as the product decodes: all prompts in one padded batch, with the
    /// key and value cache.
    /// </summary>
    public int[][] Greedy(IReadOnlyList<int[]> prompts, int count)
    {
        var model = new TorchLanguageModel(_model); // shares the weights; disposed with this
        using IDecodingSession session = model.StartSession(prompts.Max(prompt => prompt.Length) + count);
        var logits = new float[prompts.Count * model.VocabularySize];
        session.Prefill(prompts, logits);
        var produced = new List<int[]>();
        while (true)
        {
            produced.Add([.. logits.Chunk(model.VocabularySize).Select(row => Array.IndexOf(row, row.Max()))]);
            if (produced.Count == count) return [.. prompts.Select((_, row) => produced.Select(step => step[row]).ToArray())];
            session.Step(produced[^1], logits);
        }
    }

    public void Dispose() => _model.Dispose();
}
