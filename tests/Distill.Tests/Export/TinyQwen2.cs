using Distill.Models;
using Distill.Runs;
using Distill.Weights;

namespace Distill.Tests.Export;

/// <summary>
/// A Qwen2 of random weights, small enough to be computed in plain loops in double precision: the slow, readable twin that the
/// engines are held against. Source: Qwen2 technical report, arXiv:2407.10671; layout of Hugging Face's checkpoints.
/// </summary>
internal sealed class TinyQwen2
{
    private readonly Dictionary<string, (long[] Shape, float[] Values)> weights = [];
    private readonly RandomStream random;

    public TinyQwen2(bool tied, long seed = 1, int layers = 2, int headDim = 16, int heads = 4, int keyValueHeads = 2, int vocabulary = 96)
    {
        random = new RandomStream(seed);
        Config = new ModelConfig
        {
            Architecture = Architecture.Qwen2,
            VocabSize = vocabulary,
            HiddenSize = 64,
            IntermediateSize = 96,
            NumHiddenLayers = layers,
            NumAttentionHeads = heads,
            NumKeyValueHeads = keyValueHeads,
            HeadDim = headDim,
            RmsNormEps = 1e-6,
            RopeTheta = 10000,
            MaxPositionEmbeddings = 512,
            TieWordEmbeddings = tied,
            BosTokenId = 1,
            EosTokenIds = [2],
            PadTokenId = 0,
        };
        Draw();
    }

    public ModelConfig Config { get; }

    /// <summary>Replaces the weights that a function gives another value, e.g. that of a rounded one.</summary>
    public TinyQwen2 Change(Func<string, long[], float[], float[]?> change)
    {
        foreach ((string name, (long[] shape, float[] values)) in weights.ToArray()) weights[name] = (shape, change(name, shape, values) ?? values);
        return this;
    }

    /// <summary>Writes the model as a Hugging Face folder, without a tokenizer.</summary>
    public string Save(string folder)
    {
        Directory.CreateDirectory(folder);
        ModelConfigFile.Save(Config, folder);
        SafetensorsWriter.Write(Path.Combine(folder, "model.safetensors"),
            [.. weights.Select(weight => TensorToWrite.OfFloats(weight.Key, weight.Value.Shape, weight.Value.Values))]);
        return folder;
    }

    /// <summary>Logits after the tokens of one sequence, from a position on, <c>[seq - from][vocab]</c>.</summary>
    public double[][] Logits(IReadOnlyList<int> tokens, int from = 0)
    {
        double[][] stream = [.. tokens.Select(token => Row("model.embed_tokens.weight", token))];
        for (int layer = 0; layer < Config.NumHiddenLayers; layer++)
        {
            string path = $"model.layers.{layer}";
            Add(stream, Attention(path, [.. stream.Select(row => Norm(row, $"{path}.input_layernorm.weight"))]));
            Add(stream, [.. stream.Select(row => FeedForward(path, Norm(row, $"{path}.post_attention_layernorm.weight")))]);
        }
        string head = Config.TieWordEmbeddings ? "model.embed_tokens.weight" : "lm_head.weight";
        return [.. stream.Skip(from).Select(row => Times(head, Norm(row, "model.norm.weight")))];
    }

    private double[][] Attention(string path, double[][] input)
    {
        int width = Config.HeadDim, group = Config.NumAttentionHeads / Config.NumKeyValueHeads;
        double[][] queries = [.. input.Select((row, position) => Rotated(Projected($"{path}.self_attn.q_proj", row), position))];
        double[][] keys = [.. input.Select((row, position) => Rotated(Projected($"{path}.self_attn.k_proj", row), position))];
        double[][] values = [.. input.Select(row => Projected($"{path}.self_attn.v_proj", row))];
        var result = new double[input.Length][];
        for (int at = 0; at < input.Length; at++)
        {
            double[] mixed = new double[Config.NumAttentionHeads * width];
            for (int head = 0; head < Config.NumAttentionHeads; head++)
            {
                int shared = head / group;
                double[] scores = [.. keys.Take(at + 1).Select(key =>
                    Product(queries[at].AsSpan(head * width, width), key.AsSpan(shared * width, width)) / Math.Sqrt(width))];
                double largest = scores.Max(), total = scores.Sum(score => Math.Exp(score - largest));
                for (int seen = 0; seen <= at; seen++)
                {
                    double share = Math.Exp(scores[seen] - largest) / total;
                    for (int i = 0; i < width; i++) mixed[(head * width) + i] += share * values[seen][(shared * width) + i];
                }
            }
            result[at] = Times($"{path}.self_attn.o_proj.weight", mixed);
        }
        return result;
    }

    private double[] FeedForward(string path, double[] input)
    {
        double[] gate = Times($"{path}.mlp.gate_proj.weight", input), up = Times($"{path}.mlp.up_proj.weight", input);
        return Times($"{path}.mlp.down_proj.weight", [.. gate.Zip(up, (g, u) => g / (1 + Math.Exp(-g)) * u)]);
    }

    private double[] Norm(double[] row, string weight)
    {
        double scale = 1 / Math.Sqrt((row.Sum(x => x * x) / row.Length) + Config.RmsNormEps);
        return [.. row.Zip(weights[weight].Values, (x, w) => x * scale * w)];
    }

    private double[] Rotated(double[] heads, int position)
    {
        int width = Config.HeadDim, half = width / 2;
        double[] result = new double[heads.Length];
        for (int start = 0; start < heads.Length; start += width)
        {
            for (int i = 0; i < half; i++)
            {
                (double sin, double cos) = Math.SinCos(position * Math.Pow(Config.RopeTheta, -2.0 * i / width));
                double first = heads[start + i], second = heads[start + half + i];
                result[start + i] = (first * cos) - (second * sin);
                result[start + half + i] = (second * cos) + (first * sin);
            }
        }
        return result;
    }

    private double[] Projected(string path, double[] input) => [.. Times($"{path}.weight", input).Zip(weights[$"{path}.bias"].Values, (x, b) => x + b)];

    private double[] Times(string weight, double[] input)
    {
        (long[] shape, float[] values) = weights[weight];
        double[] result = new double[shape[0]];
        for (int row = 0; row < result.Length; row++)
        {
            for (int i = 0; i < input.Length; i++) result[row] += values[(row * input.Length) + i] * input[i];
        }
        return result;
    }

    private static double Product(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++) sum += a[i] * b[i];
        return sum;
    }

    private double[] Row(string weight, int row)
    {
        (long[] shape, float[] values) = weights[weight];
        return [.. values.Skip(row * (int)shape[1]).Take((int)shape[1]).Select(x => (double)x)];
    }

    private static void Add(double[][] stream, double[][] addition)
    {
        for (int row = 0; row < stream.Length; row++)
        {
            for (int i = 0; i < stream[row].Length; i++) stream[row][i] += addition[row][i];
        }
    }

    // Deviations that keep every part of the model audible: with the usual 0.02 a wrong attention would hide in the rounding.
    private void Draw()
    {
        int hidden = Config.HiddenSize, queries = Config.NumAttentionHeads * Config.HeadDim, keys = Config.NumKeyValueHeads * Config.HeadDim;
        Normal("model.embed_tokens.weight", 1, Config.VocabSize, hidden);
        for (int layer = 0; layer < Config.NumHiddenLayers; layer++)
        {
            string path = $"model.layers.{layer}";
            Normal($"{path}.input_layernorm.weight", 1, hidden);
            foreach ((string name, int rows) in new[] { ("q", queries), ("k", keys), ("v", keys) })
            {
                Normal($"{path}.self_attn.{name}_proj.weight", 0.2, rows, hidden);
                Normal($"{path}.self_attn.{name}_proj.bias", 0.5, rows);
            }
            Normal($"{path}.self_attn.o_proj.weight", 0.2, hidden, queries);
            Normal($"{path}.post_attention_layernorm.weight", 1, hidden);
            Normal($"{path}.mlp.gate_proj.weight", 0.2, Config.IntermediateSize, hidden);
            Normal($"{path}.mlp.up_proj.weight", 0.2, Config.IntermediateSize, hidden);
            Normal($"{path}.mlp.down_proj.weight", 0.2, hidden, Config.IntermediateSize);
        }
        Normal("model.norm.weight", 1, hidden);
        if (!Config.TieWordEmbeddings) Normal("lm_head.weight", 0.2, Config.VocabSize, hidden);
    }

    private void Normal(string name, double deviation, params long[] shape) => weights[name] =
        (shape, [.. Enumerable.Range(0, (int)shape.Aggregate((a, b) => a * b)).Select(_ => (float)(deviation * random.NextNormal()))]);
}
