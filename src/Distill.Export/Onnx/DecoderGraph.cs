using Distill.Models;
using Distill.Runs;

namespace Distill.Export.Onnx;

/// <summary>
/// A dense decoder (Llama, Qwen2, Qwen3) as an ONNX graph with a KV cache, correct for batches padded on either side: padding is
/// masked by an attention bias made of <c>attention_mask</c>, and positions come from <c>position_ids</c>. Sources: The Llama 3 herd of
/// models, arXiv:2407.21783; Qwen2 and Qwen3 technical reports, arXiv:2407.10671 and 2505.09388. Node names are those of ONNX Runtime GenAI's builder.
/// </summary>
internal sealed class DecoderGraph
{
    private const float Masked = -1e30f; // minus infinity would make a row that sees nothing NaN

    private readonly ModelConfig config;
    private readonly OnnxWeights weights;
    private readonly OnnxGraph graph = new();
    private readonly OnnxValue positions, cosines, sines, attentionBias, lastPositions, totalLength;

    private DecoderGraph(ModelConfig config, OnnxWeights weights, int contextLength)
    {
        (this.config, this.weights) = (config, weights);
        InputIds = graph.Input("input_ids", OnnxType.Int64, "batch_size", "sequence_length");
        OnnxValue mask = graph.Input("attention_mask", OnnxType.Int64, "batch_size", "total_sequence_length");
        positions = graph.Input("position_ids", OnnxType.Int64, "batch_size", "sequence_length");
        cosines = graph.Constant(RotaryTable.Cosines(contextLength, config));
        sines = graph.Constant(RotaryTable.Sines(contextLength, config));
        graph.Output(Logits, OnnxType.Float, "batch_size", "sequence_length", config.VocabSize);
        (lastPositions, totalLength) = Lengths(mask);
        attentionBias = AttentionBias(mask);
    }

    private OnnxValue InputIds { get; }

    private static OnnxValue Logits => new("logits");

    /// <summary>Builds the graph.</summary>
    /// <param name="config">Shape of the model.</param>
    /// <param name="weights">Its weights.</param>
    /// <param name="contextLength">Most positions the graph accepts.</param>
    /// <exception cref="InputException">Weights are missing, have other shapes than the configuration says, or do not belong.</exception>
    public static OnnxGraph Build(ModelConfig config, OnnxWeights weights, int contextLength)
    {
        var model = new DecoderGraph(config, weights, contextLength);
        model.Forward();
        weights.RefuseUnused(config.Architecture.ToString());
        return model.graph;
    }

    private void Forward()
    {
        const string embedding = "model.embed_tokens.weight", gather = "/model/embed_tokens/Gather";
        BlockMatrix? blocks = weights.Blocks(embedding, embedding, config.VocabSize, config.HiddenSize, isVocabulary: true);
        OnnxValue stream = blocks is null
            ? graph.Gather(gather, graph.Constant(weights.Plain(embedding, embedding, config.VocabSize, config.HiddenSize)), InputIds)
            : graph.GatherBlocks(gather, blocks, InputIds);
        OnnxValue normed = graph.RmsNorm("/model/layers.0/input_layernorm/LayerNorm", stream, Norm("model.layers.0.input_layernorm"), config.RmsNormEps);
        for (int layer = 0; layer < config.NumHiddenLayers; layer++)
        {
            OnnxValue mixed = Attention(layer, normed);
            (normed, stream) = AddAndNorm($"layers.{layer}.post_attention_layernorm", stream, mixed);
            OnnxValue fed = FeedForward(layer, normed);
            bool last = layer == config.NumHiddenLayers - 1;
            (normed, stream) = AddAndNorm(last ? "norm" : $"layers.{layer + 1}.input_layernorm", stream, fed);
        }
        Head(normed, new OnnxValue(embedding), blocks);
    }

    private OnnxValue Attention(int layer, OnnxValue input)
    {
        string path = $"/model/layers.{layer}/attn";
        int width = config.HeadDim, queries = config.NumAttentionHeads * width, keys = config.NumKeyValueHeads * width;
        OnnxValue query = Rotated($"{path}/q_rotary", NormalizedHeads(layer, "q_norm", Projected(layer, "q_proj", input, queries), queries));
        OnnxValue key = Rotated($"{path}/k_rotary", NormalizedHeads(layer, "k_norm", Projected(layer, "k_proj", input, keys), keys));
        OnnxValue value = Projected(layer, "v_proj", input, keys);

        OnnxValue pastKey = Past(layer, "key"), pastValue = Past(layer, "value");
        OnnxValue presentKey = Present(layer, "key"), presentValue = Present(layer, "value");
        string node = $"{path}/GroupQueryAttention";
        OnnxValue mixed = graph.Node(node, "GroupQueryAttention",
            [query, key, value, pastKey, pastValue, lastPositions, totalLength, OnnxValue.None, OnnxValue.None, OnnxValue.None, attentionBias],
            [new($"{node}/output_0"), presentKey, presentValue],
            ("num_heads", (long)config.NumAttentionHeads), ("kv_num_heads", (long)config.NumKeyValueHeads),
            ("scale", (float)(1 / Math.Sqrt(width))), ("local_window_size", -1L), ("do_rotary", 0L), ("rotary_interleaved", 0L));
        return Linear(layer, "attn", "o_proj", mixed, config.HiddenSize, queries);
    }

    // SwiGLU, arXiv:2002.05202: silu(gate) · up, and silu(x) = x · sigmoid(x).
    private OnnxValue FeedForward(int layer, OnnxValue input)
    {
        string path = $"/model/layers.{layer}/mlp";
        OnnxValue gate = Linear(layer, "mlp", "gate_proj", input, config.IntermediateSize, config.HiddenSize);
        OnnxValue up = Linear(layer, "mlp", "up_proj", input, config.IntermediateSize, config.HiddenSize);
        OnnxValue activated = graph.Multiply($"{path}/act_fn/Mul", gate, graph.Sigmoid($"{path}/act_fn/Sigmoid", gate));
        return Linear(layer, "mlp", "down_proj", graph.Multiply($"{path}/Mul", activated, up), config.HiddenSize, config.IntermediateSize);
    }

    // A tied head multiplies by the embedding itself: a transposed copy would double the largest tensor of a small model.
    private void Head(OnnxValue normed, OnnxValue embedding, BlockMatrix? embeddingBlocks)
    {
        const string weight = "lm_head.weight", node = "/lm_head/MatMul";
        if (config.TieWordEmbeddings && weights.Has(weight) && !weights.AreEqual(weight, "model.embed_tokens.weight"))
            throw new InputException($"config.json ties the output head to the embedding, but `{weight}` is another matrix", "set `tie_word_embeddings` to false in config.json");
        BlockMatrix? blocks = config.TieWordEmbeddings ? embeddingBlocks : weights.Blocks("lm_head.MatMul.weight", weight, config.VocabSize, config.HiddenSize, isVocabulary: true);
        if (blocks is not null)
        {
            graph.MatMulBlocks(node, normed, blocks, Logits);
        }
        else if (config.TieWordEmbeddings)
        {
            graph.MatMulTransposed(node, normed, embedding, Logits);
        }
        else
        {
            OnnxValue head = graph.Constant(weights.Transposed("lm_head.MatMul.weight", weight, config.VocabSize, config.HiddenSize));
            graph.Node(node, "MatMul", [normed, head], [Logits]);
        }
    }

    private OnnxValue Rotated(string node, OnnxValue value) => graph.RotaryEmbedding($"{node}/RotaryEmbedding", value, positions, cosines, sines);

    // Qwen3: every head by itself, before it is turned.
    private OnnxValue NormalizedHeads(int layer, string norm, OnnxValue heads, int outputs)
    {
        if (!config.QueryKeyNorm) return heads;
        string path = $"/model/layers.{layer}/attn/{norm}";
        OnnxValue weight = graph.Constant(weights.Plain($"model.layers.{layer}.attn.{norm}.layernorm.weight", $"model.layers.{layer}.self_attn.{norm}.weight", config.HeadDim));
        OnnxValue single = graph.Reshape($"{path}/Reshape_1", heads, graph.Constant(OnnxTensor.Vector("/model/constants/head", 0, -1, config.HeadDim)));
        OnnxValue normed = graph.RmsNorm($"{path}/SimplifiedLayerNormalization", single, weight, config.RmsNormEps);
        return graph.Reshape($"{path}/Reshape_2", normed, graph.Constant(OnnxTensor.Vector($"/model/constants/heads_{outputs}", 0, -1, outputs)));
    }

    private OnnxValue Projected(int layer, string projection, OnnxValue input, int outputs)
    {
        OnnxValue product = Linear(layer, "attn", projection, input, outputs, config.HiddenSize);
        if (!config.AttentionBias) return product;
        OnnxValue bias = graph.Constant(weights.Plain(
            $"model.layers.{layer}.attn.{projection}.Add.bias", $"model.layers.{layer}.self_attn.{projection}.bias", outputs));
        return graph.Add($"/model/layers.{layer}/attn/{projection}/Add", product, bias);
    }

    private OnnxValue Linear(int layer, string block, string projection, OnnxValue input, int outputs, int inputs)
    {
        string node = $"/model/layers.{layer}/{block}/{projection}/MatMul", name = $"model.layers.{layer}.{block}.{projection}.MatMul.weight";
        string weight = $"model.layers.{layer}.{(block == "attn" ? "self_attn" : block)}.{projection}.weight";
        return weights.Blocks(name, weight, outputs, inputs) is { } blocks
            ? graph.MatMulBlocks(node, input, blocks)
            : graph.MatMul(node, input, graph.Constant(weights.Transposed(name, weight, outputs, inputs)));
    }

    private (OnnxValue Normed, OnnxValue Stream) AddAndNorm(string norm, OnnxValue stream, OnnxValue addition) =>
        graph.AddAndRmsNorm($"/model/{norm}/SkipLayerNorm", stream, addition, Norm($"model.{norm}"), config.RmsNormEps);

    private OnnxValue Norm(string name) => graph.Constant(weights.Plain($"{name}.weight", $"{name}.weight", config.HiddenSize));

    private OnnxValue Past(int layer, string part) => graph.Input($"past_key_values.{layer}.{part}", OnnxType.Float,
        "batch_size", config.NumKeyValueHeads, "past_sequence_length", config.HeadDim);

    private OnnxValue Present(int layer, string part)
    {
        OnnxValue present = new($"present.{layer}.{part}");
        graph.Output(present, OnnxType.Float, "batch_size", config.NumKeyValueHeads, "total_sequence_length", config.HeadDim);
        return present;
    }

    // Every row of the batch reaches to the end of the mask, padding included: where the padding is, the bias says.
    private (OnnxValue LastPositions, OnnxValue TotalLength) Lengths(OnnxValue mask)
    {
        const string path = "/model/attn_mask_reformat/lengths";
        OnnxValue total = graph.Shape($"{path}/Total", mask, 1, 2);
        OnnxValue last = graph.Subtract($"{path}/Sub", total, graph.Constant(OnnxTensor.Vector("/model/constants/one", 1)));
        OnnxValue perRow = graph.Expand($"{path}/Expand", last, graph.Shape($"{path}/Batch", mask, 0, 1));
        return (graph.Cast($"{path}/Last", perRow, OnnxType.Int32),
            graph.Cast($"{path}/Length", graph.Squeeze($"{path}/Squeeze", total), OnnxType.Int32));
    }

    // [batch, total] of ones and zeros to [batch, 1, seq, total] of zeros and very negative numbers.
    private OnnxValue AttentionBias(OnnxValue mask)
    {
        const string path = "/model/attn_mask_reformat/bias";
        OnnxValue visible = graph.Cast($"{path}/Cast", mask, OnnxType.Bool);
        OnnxValue bias = graph.Where($"{path}/Where", visible,
            graph.Constant(OnnxTensor.Scalar("/model/constants/visible", 0f)), graph.Constant(OnnxTensor.Scalar("/model/constants/masked", Masked)));
        OnnxValue spread = graph.Unsqueeze($"{path}/Unsqueeze", bias, graph.Constant(OnnxTensor.Vector("/model/constants/middle_axes", 1, 2)));
        OnnxValue shape = graph.Concat($"{path}/Concat",
            graph.Shape($"{path}/Batch", InputIds, 0, 1), graph.Constant(OnnxTensor.Vector("/model/constants/one", 1)),
            graph.Shape($"{path}/Sequence", InputIds, 1, 2), graph.Shape($"{path}/Total", mask, 1, 2));
        return graph.Expand($"{path}/Expand", spread, shape);
    }
}
