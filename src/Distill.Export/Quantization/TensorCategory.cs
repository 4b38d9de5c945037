namespace Distill.Export.Quantization;

/// <summary>What a weight does in the model, as far as the choice of its type depends on it.</summary>
internal enum TensorCategory
{
    /// <summary>The output head.</summary>
    Output,

    /// <summary>The embedding.</summary>
    Embedding,

    /// <summary>Values, or a matrix that values are part of.</summary>
    Value,

    /// <summary>Keys.</summary>
    Key,

    /// <summary>Queries.</summary>
    Query,

    /// <summary>The projection after attention.</summary>
    AttentionOutput,

    /// <summary>Feed-forward up projection, also of experts.</summary>
    Up,

    /// <summary>Feed-forward gate, also of experts.</summary>
    Gate,

    /// <summary>Feed-forward down projection, also of experts.</summary>
    Down,

    /// <summary>Anything else.</summary>
    Other,
}

/// <summary>Tells categories by tensor names.</summary>
internal static class TensorCategories
{
    /// <summary>The category of a tensor of a GGUF file.</summary>
    public static TensorCategory Of(string name)
    {
        if (name == "output.weight") return TensorCategory.Output;
        if (name == "token_embd.weight") return TensorCategory.Embedding;
        foreach ((string part, TensorCategory category) in Parts)
        {
            if (name.Contains(part, StringComparison.Ordinal)) return category;
        }
        return TensorCategory.Other;
    }

    /// <summary>
    /// Whether a tensor is quantised at all. Vectors, norms, routers and biases stay as they are: llama.cpp cannot compute with
    /// anything else there.
    /// </summary>
    /// <param name="name">Name in the GGUF file.</param>
    /// <param name="shape">Dimensions, slowest first.</param>
    public static bool IsQuantized(string name, IReadOnlyList<long> shape)
    {
        int dimensions = shape.Count; // those of size 1 in front do not count
        while (dimensions > 0 && shape[^dimensions] == 1) dimensions--;
        return dimensions >= 2 && name.EndsWith("weight", StringComparison.Ordinal)
            && !name.Contains("_norm.weight", StringComparison.Ordinal) && !name.Contains("ffn_gate_inp.weight", StringComparison.Ordinal);
    }

    private static readonly (string Part, TensorCategory Category)[] Parts =
    [
        ("attn_qkv.weight", TensorCategory.Value),
        ("attn_kv_b.weight", TensorCategory.Value),
        ("attn_v.weight", TensorCategory.Value),
        ("attn_k.weight", TensorCategory.Key),
        ("attn_q.weight", TensorCategory.Query),
        ("attn_output.weight", TensorCategory.AttentionOutput),
        ("ffn_up", TensorCategory.Up),
        ("ffn_gate", TensorCategory.Gate),
        ("ffn_down", TensorCategory.Down),
    ];
}
