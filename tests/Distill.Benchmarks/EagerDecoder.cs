using Distill.Models;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Distill.Benchmarks;

/// <summary>
/// The same decoder as anybody would write it with PyTorch's stock operations: autograd over linear layers, composed norms, the stock attention
/// kernel, the whole logits, and one AdamW over a list of parameters. What <c>training-eager</c> compares with.
/// </summary>
internal sealed class EagerDecoder : IDisposable
{
    private readonly ModelConfig _config;
    private readonly double _adapterScale;
    private readonly Dictionary<string, Parameter> _weights = [];
    private readonly Parameter[] _trained;
    private readonly optim.Optimizer _optimizer;
    private readonly Embedding _embedding;
    private readonly Tensor _turns; // [seq, width / 2], complex

    /// <summary>Takes over the weights of a student as 32-bit floats; its adapters, if it has any, are what is trained.</summary>
    public EagerDecoder(CausalLM student, long length, double adapterScale, double learningRate)
    {
        (_config, _adapterScale) = (student.Config, adapterScale);
        using (no_grad())
        {
            foreach ((string name, Parameter parameter) in student.named_parameters())
            {
                if (parameter.numel() > 0) _weights[name] = nn.Parameter(parameter.detach().clone(), parameter.requires_grad);
            }
            foreach ((string name, WeightMatrix matrix) in student.Matrices.Where(item => item.Matrix.IsFrozen)) _weights[name] = nn.Parameter(matrix.Weight, requires_grad: false);
            using Tensor positions = arange(length).unsqueeze(0);
            _turns = student.Turns(positions, length).clone();
        }
        _embedding = nn.Embedding(_config.VocabSize, _config.HiddenSize);
        _embedding.weight = _weights["model.embed_tokens.weight"];
        _trained = [.. _weights.Values.Where(weight => weight.requires_grad)];
        _optimizer = optim.AdamW(_trained, learningRate, weight_decay: 0.01);
    }

    /// <summary>Forward pass, backward pass, clipping and update on <c>[batch, seq]</c> tokens.</summary>
    /// <returns>The loss before, in nats per token.</returns>
    public double Step(Tensor inputIds)
    {
        using var scope = NewDisposeScope();
        _optimizer.zero_grad();
        Tensor logits = nn.functional.linear(Hidden(inputIds), _weights.GetValueOrDefault("lm_head.weight") ?? _weights["model.embed_tokens.weight"]);
        Tensor loss = nn.functional.cross_entropy(logits[.., ..^1, ..].reshape(-1, _config.VocabSize), inputIds[.., 1..].reshape(-1));
        loss.backward();
        nn.utils.clip_grad_norm_(_trained, 1);
        _optimizer.step();
        return loss.item<float>();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _optimizer.Dispose();
        _embedding.Dispose();
        foreach (Parameter weight in _weights.Values) weight.Dispose();
        _turns.Dispose();
    }

    private Tensor Hidden(Tensor inputIds)
    {
        Tensor stream = _embedding.forward(inputIds);
        for (int layer = 0; layer < _config.NumHiddenLayers; layer++)
        {
            string name = $"model.layers.{layer}.";
            stream += Attention(Norm(stream, name + "input_layernorm"), name + "self_attn.");
            Tensor input = Norm(stream, name + "post_attention_layernorm");
            Tensor product = nn.functional.silu(Linear(input, name + "mlp.gate_proj")) * Linear(input, name + "mlp.up_proj");
            stream += Linear(product, name + "mlp.down_proj");
        }
        return Norm(stream, "model.norm");
    }

    private Tensor Attention(Tensor input, string name)
    {
        long batch = input.shape[0], length = input.shape[1], groups = _config.NumAttentionHeads / _config.NumKeyValueHeads;
        Tensor Heads(string projection, int heads) => Linear(input, name + projection).view(batch, length, heads, _config.HeadDim);
        Tensor Rotated(Tensor heads) => (heads.view(batch, length, -1, _config.HeadDim / 2, 2).view_as_complex() * _turns.view(1, length, 1, -1)).view_as_real().view(heads.shape);
        Tensor query = Rotated(Heads("q_proj", _config.NumAttentionHeads)).transpose(1, 2);
        Tensor key = Rotated(Heads("k_proj", _config.NumKeyValueHeads)).transpose(1, 2).repeat_interleave(groups, 1);
        Tensor value = Heads("v_proj", _config.NumKeyValueHeads).transpose(1, 2).repeat_interleave(groups, 1);
        Tensor mixed = nn.functional.scaled_dot_product_attention(query, key, value, is_casual: true);
        return Linear(mixed.transpose(1, 2).reshape(batch, length, -1), name + "o_proj");
    }

    private Tensor Linear(Tensor input, string name)
    {
        Tensor output = nn.functional.linear(input, _weights[name + ".weight"], _weights.GetValueOrDefault(name + ".bias"));
        string adapter = $"{name}.{LowRankAdapter.ComponentName}.";
        return _weights.TryGetValue(adapter + "A", out Parameter? down)
            ? output + (nn.functional.linear(nn.functional.linear(input, down), _weights[adapter + "B"]) * _adapterScale)
            : output;
    }

    private Tensor Norm(Tensor input, string name) =>
        input * (input.pow(2).mean([-1], keepdim: true) + _config.RmsNormEps).rsqrt() * _weights[name + ".weight"];
}
