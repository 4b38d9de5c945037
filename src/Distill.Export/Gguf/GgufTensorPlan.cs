using Distill.Models;
using Distill.Runs;
using Distill.Weights;

namespace Distill.Export.Gguf;

/// <summary>
/// Which tensors the GGUF file of a model has, and how each is made from the checkpoint. Every checkpoint tensor must be
/// used or be known to be superfluous, and every one must have the shape that <c>config.json</c> implies.
/// </summary>
internal sealed class GgufTensorPlan
{
    private readonly ModelConfig _config;
    private readonly IWeightSource _source;
    private readonly List<PlannedTensor> _tensors = [];
    private readonly HashSet<string> _used = new(StringComparer.Ordinal);

    private GgufTensorPlan(ModelConfig config, IWeightSource source) => (_config, _source) = (config, source);

    /// <summary>Plans the tensors in the order of the forward pass.</summary>
    /// <exception cref="InputException">A tensor is missing, has another shape, or has no place in the file.</exception>
    public static IReadOnlyList<PlannedTensor> Of(ModelConfig config, IWeightSource source)
    {
        var plan = new GgufTensorPlan(config, source);
        plan.Plain("model.embed_tokens.weight", config.VocabSize, config.HiddenSize);
        for (int layer = 0; layer < config.NumHiddenLayers; layer++) plan.Layer(layer);
        plan.Plain("model.norm.weight", config.HiddenSize);
        if (config.TieWordEmbeddings) plan.CheckTiedHead();
        else plan.Plain("lm_head.weight", config.VocabSize, config.HiddenSize);
        plan.RefuseUnused();
        return plan._tensors;
    }

    private void Layer(int layer)
    {
        string prefix = $"model.layers.{layer}.";
        Plain(prefix + "input_layernorm.weight", _config.HiddenSize);
        if (_config.Latent is { } latent) LatentAttention(layer, latent);
        else GroupedQueryAttention(prefix + "self_attn.");
        Plain(prefix + "post_attention_layernorm.weight", _config.HiddenSize);
        if (_config.Mixture is { } mixture && layer >= mixture.FirstKDenseReplace) Experts(prefix + "mlp.", mixture);
        else FeedForward(prefix + "mlp.", _config.IntermediateSize);
    }

    private void GroupedQueryAttention(string prefix)
    {
        long queries = (long)_config.NumAttentionHeads * _config.HeadDim, keys = (long)_config.NumKeyValueHeads * _config.HeadDim;
        foreach ((string projection, long rows) in new[] { ("q_proj", queries), ("k_proj", keys), ("v_proj", keys) })
        {
            Plain($"{prefix}{projection}.weight", rows, _config.HiddenSize);
            Plain($"{prefix}{projection}.bias", rows);
        }
        Plain(prefix + "o_proj.weight", _config.HiddenSize, queries);
    }

    private void LatentAttention(int layer, LatentAttentionConfig latent)
    {
        string prefix = $"model.layers.{layer}.self_attn.";
        int heads = _config.NumAttentionHeads;
        if (latent.QLoraRank is { } rank)
        {
            Plain(prefix + "q_a_proj.weight", rank, _config.HiddenSize);
            Plain(prefix + "q_a_layernorm.weight", rank);
            Plain(prefix + "q_b_proj.weight", (long)heads * latent.QkHeadDim, rank);
        }
        else
        {
            Plain(prefix + "q_proj.weight", (long)heads * latent.QkHeadDim, _config.HiddenSize);
        }
        Plain(prefix + "kv_a_proj_with_mqa.weight", latent.KvLoraRank + latent.QkRopeHeadDim, _config.HiddenSize);
        Plain(prefix + "kv_a_layernorm.weight", latent.KvLoraRank);
        SplitKeyValueUp(layer, heads, latent);
        Plain(prefix + "o_proj.weight", _config.HiddenSize, (long)heads * latent.VHeadDim);
    }

    // llama.cpp attends in the compressed space: it wants the key part transposed per head, apart from the value part.
    private void SplitKeyValueUp(int layer, int heads, LatentAttentionConfig latent)
    {
        int rank = latent.KvLoraRank, nope = latent.QkNopeHeadDim, value = latent.VHeadDim;
        TensorInfo joined = Use(GgufTensorNames.KeyValueUp(layer), (long)heads * (nope + value), rank);

        _tensors.Add(new PlannedTensor(GgufTensorNames.KeyPart(layer), [heads, rank, nope], joined.Name, (firstRow, destination) =>
        {
            var head = new float[nope * rank];
            long loaded = -1;
            for (int done = 0; done < destination.Length; done += nope)
            {
                (long h, long r) = Math.DivRem(firstRow + (done / nope), rank);
                if (h != loaded) _source.ReadFloats(joined, (loaded = h) * (nope + value) * rank, head);
                for (int i = 0; i < nope; i++) destination[done + i] = head[(i * rank) + r];
            }
        }));
        _tensors.Add(new PlannedTensor(GgufTensorNames.ValuePart(layer), [heads, value, rank], joined.Name, (firstRow, destination) =>
        {
            for (int done = 0; done < destination.Length; done += rank)
            {
                (long h, long j) = Math.DivRem(firstRow + (done / rank), value);
                _source.ReadFloats(joined, ((h * (nope + value)) + nope + j) * rank, destination.Slice(done, rank));
            }
        }));
    }

    private void FeedForward(string prefix, long width)
    {
        Plain(prefix + "gate_proj.weight", width, _config.HiddenSize);
        Plain(prefix + "up_proj.weight", width, _config.HiddenSize);
        Plain(prefix + "down_proj.weight", _config.HiddenSize, width);
    }

    private void Experts(string prefix, MixtureConfig mixture)
    {
        Plain(prefix + "gate.weight", mixture.NRoutedExperts, _config.HiddenSize);
        Plain(prefix + "gate.e_score_correction_bias", mixture.NRoutedExperts);
        Stacked(prefix, "gate_proj.weight", mixture.NRoutedExperts, mixture.MoeIntermediateSize, _config.HiddenSize);
        Stacked(prefix, "up_proj.weight", mixture.NRoutedExperts, mixture.MoeIntermediateSize, _config.HiddenSize);
        Stacked(prefix, "down_proj.weight", mixture.NRoutedExperts, _config.HiddenSize, mixture.MoeIntermediateSize);
        FeedForward(prefix + "shared_experts.", (long)mixture.NSharedExperts * mixture.MoeIntermediateSize);
    }

    private void Stacked(string prefix, string part, int experts, long rows, long columns)
    {
        TensorInfo[] infos = [.. Enumerable.Range(0, experts).Select(expert => Use($"{prefix}experts.{expert}.{part}", rows, columns))];
        string name = GgufTensorNames.ToGguf(infos[0].Name, out _)!;
        _tensors.Add(new PlannedTensor(name, [experts, rows, columns], $"{prefix}experts.*.{part}", (firstRow, destination) =>
        {
            for (int done = 0; done < destination.Length;)
            {
                (long expert, long row) = Math.DivRem(firstRow + (done / columns), rows);
                int count = (int)Math.Min((rows - row) * columns, destination.Length - done);
                _source.ReadFloats(infos[expert], row * columns, destination.Slice(done, count));
                done += count;
            }
        }));
    }

    private void Plain(string name, params ReadOnlySpan<long> shape)
    {
        TensorInfo info = Use(name, shape);
        long columns = info.Shape[^1];
        _tensors.Add(new PlannedTensor(GgufTensorNames.ToGguf(name, out _)!, info.Shape, name,
            (firstRow, destination) => _source.ReadFloats(info, firstRow * columns, destination)));
    }

    private TensorInfo Use(string name, params ReadOnlySpan<long> shape)
    {
        _used.Add(name);
        return _source.Require(name, shape);
    }

    // A file may carry the head although it is tied; writing it as well would be wrong only if it differed.
    private void CheckTiedHead()
    {
        if (!_source.TryGet("lm_head.weight", out TensorInfo? head)) return;
        _used.Add(head.Name);
        TensorInfo embedding = Use("model.embed_tokens.weight", _config.VocabSize, _config.HiddenSize);
        var (a, b) = (new float[_config.HiddenSize], new float[_config.HiddenSize]);
        bool equal = head.Shape.SequenceEqual(embedding.Shape);
        for (long row = 0; equal && row < _config.VocabSize; row++)
        {
            _source.ReadFloats(head, row * a.Length, a);
            _source.ReadFloats(embedding, row * b.Length, b);
            equal = a.AsSpan().SequenceEqual(b);
        }
        if (!equal)
        {
            throw new InputException($"{_source.Path}: `lm_head.weight` differs from `model.embed_tokens.weight`, but config.json says they are tied",
                "set `tie_word_embeddings` to false in config.json, or save the model without lm_head");
        }
    }

    private void RefuseUnused()
    {
        foreach (TensorInfo tensor in _source.Tensors)
        {
            if (_used.Contains(tensor.Name) || IsSuperfluous(tensor.Name)) continue;
            throw new InputException($"{_source.Path}: tensor `{tensor.Name}` has no place in a GGUF file of this architecture",
                "check that config.json belongs to these weights");
        }
    }

    // Buffers that old checkpoints saved, and layers for multi-token prediction, which stand after the decoder's own.
    private bool IsSuperfluous(string name) =>
        name.EndsWith(".rotary_emb.inv_freq", StringComparison.Ordinal)
        || name.EndsWith(".attention.masked_bias", StringComparison.Ordinal)
        || name.EndsWith(".attention.bias", StringComparison.Ordinal)
        || GgufTensorNames.HuggingFaceLayerOf(name) >= _config.NumHiddenLayers;
}
