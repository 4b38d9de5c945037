using System.Globalization;

namespace Distill.Weights;

/// <summary>
/// Tensor names, Hugging Face's and GGUF's, for the architectures <c>llama</c>, <c>qwen2</c>, <c>qwen3</c> and <c>deepseek2</c>. Two groups are not one
/// to one: the experts of a layer are stacked into one GGUF tensor, and <c>kv_b_proj</c> is split into its key part
/// (transposed per head) and its value part.
/// </summary>
public static class GgufTensorNames
{
    /// <summary>Name of the token embedding in a GGUF file.</summary>
    public const string TokenEmbedding = "token_embd.weight";

    /// <summary>Name of the output head in a GGUF file; absent when it is tied to the embedding.</summary>
    public const string Output = "output.weight";

    /// <summary>Name of the divisors of the rotary frequencies (Llama 3) in a GGUF file; a checkpoint has them in config.json.</summary>
    public const string RopeFactors = "rope_freqs.weight";

    private const string HuggingFaceLayer = "model.layers.";
    private const string GgufLayer = "blk.";
    private const string Experts = "mlp.experts.";

    private static readonly (string HuggingFace, string Gguf)[] Global =
    [
        ("model.embed_tokens.weight", TokenEmbedding),
        ("model.norm.weight", "output_norm.weight"),
        ("lm_head.weight", Output),
    ];

    private static readonly (string HuggingFace, string Gguf)[] PerLayer =
    [
        ("input_layernorm.weight", "attn_norm.weight"),
        ("post_attention_layernorm.weight", "ffn_norm.weight"),
        ("self_attn.q_proj.weight", "attn_q.weight"),
        ("self_attn.q_proj.bias", "attn_q.bias"),
        ("self_attn.k_proj.weight", "attn_k.weight"),
        ("self_attn.k_proj.bias", "attn_k.bias"),
        ("self_attn.v_proj.weight", "attn_v.weight"),
        ("self_attn.v_proj.bias", "attn_v.bias"),
        ("self_attn.q_norm.weight", "attn_q_norm.weight"),
        ("self_attn.k_norm.weight", "attn_k_norm.weight"),
        ("self_attn.o_proj.weight", "attn_output.weight"),
        ("mlp.gate_proj.weight", "ffn_gate.weight"),
        ("mlp.up_proj.weight", "ffn_up.weight"),
        ("mlp.down_proj.weight", "ffn_down.weight"),
        ("self_attn.q_a_proj.weight", "attn_q_a.weight"),
        ("self_attn.q_a_layernorm.weight", "attn_q_a_norm.weight"),
        ("self_attn.q_b_proj.weight", "attn_q_b.weight"),
        ("self_attn.kv_a_proj_with_mqa.weight", "attn_kv_a_mqa.weight"),
        ("self_attn.kv_a_layernorm.weight", "attn_kv_a_norm.weight"),
        ("self_attn.kv_b_proj.weight", "attn_kv_b.weight"),
        ("mlp.gate.weight", "ffn_gate_inp.weight"),
        ("mlp.gate.e_score_correction_bias", "exp_probs_b.bias"),
        ("mlp.shared_experts.gate_proj.weight", "ffn_gate_shexp.weight"),
        ("mlp.shared_experts.up_proj.weight", "ffn_up_shexp.weight"),
        ("mlp.shared_experts.down_proj.weight", "ffn_down_shexp.weight"),
    ];

    private static readonly (string HuggingFace, string Gguf)[] PerExpert =
    [
        ("gate_proj.weight", "ffn_gate_exps.weight"),
        ("up_proj.weight", "ffn_up_exps.weight"),
        ("down_proj.weight", "ffn_down_exps.weight"),
    ];

    private static readonly Dictionary<string, string> ToGgufName = Global.Concat(PerLayer).ToDictionary(pair => pair.HuggingFace, pair => pair.Gguf);
    private static readonly Dictionary<string, string> ToHuggingFaceName = Global.Concat(PerLayer).ToDictionary(pair => pair.Gguf, pair => pair.HuggingFace);
    private static readonly Dictionary<string, string> ExpertToGguf = PerExpert.ToDictionary(pair => pair.HuggingFace, pair => pair.Gguf);
    private static readonly Dictionary<string, string> ExpertToHuggingFace = PerExpert.ToDictionary(pair => pair.Gguf, pair => pair.HuggingFace);

    /// <summary>
    /// The GGUF tensor that holds a Hugging Face tensor, or null when there is none. <c>kv_b_proj</c> gives the unsplit
    /// <c>attn_kv_b</c> of older files.
    /// </summary>
    /// <param name="name">E.g. <c>model.layers.3.mlp.experts.7.up_proj.weight</c>.</param>
    /// <param name="expert">The expert whose slice it is, or null for a tensor of its own.</param>
    public static string? ToGguf(string name, out int? expert)
    {
        expert = null;
        if (!TrySplitNumber(name, HuggingFaceLayer, out int layer, out string rest)) return ToGgufName.GetValueOrDefault(name);
        if (TrySplitNumber(rest, Experts, out int index, out string part))
        {
            expert = index;
            return ExpertToGguf.TryGetValue(part, out string? stacked) ? InGgufLayer(layer, stacked) : null;
        }
        return ToGgufName.TryGetValue(rest, out string? own) ? InGgufLayer(layer, own) : null;
    }

    /// <summary>The Hugging Face name of a GGUF tensor, or null when it has none of its own (stacked experts, split <c>kv_b_proj</c>, unknown).</summary>
    public static string? ToHuggingFace(string name)
    {
        if (!TrySplitNumber(name, GgufLayer, out int layer, out string rest)) return ToHuggingFaceName.GetValueOrDefault(name);
        return ToHuggingFaceName.TryGetValue(rest, out string? own) ? InHuggingFaceLayer(layer, own) : null;
    }

    /// <summary>The Hugging Face name of one expert's slice of a stacked GGUF tensor, or null when the tensor is no stack of experts.</summary>
    public static string? ToHuggingFaceExpert(string name, int expert) =>
        TrySplitNumber(name, GgufLayer, out int layer, out string rest) && ExpertToHuggingFace.TryGetValue(rest, out string? part)
            ? InHuggingFaceLayer(layer, $"{Experts}{expert}.{part}")
            : null;

    /// <summary>The layer whose <c>kv_b_proj</c> this GGUF tensor is the key part of, or null.</summary>
    public static int? KeyPartLayer(string name) =>
        TrySplitNumber(name, GgufLayer, out int layer, out string rest) && rest == "attn_k_b.weight" ? layer : null;

    /// <summary>Whether this GGUF tensor is the value part of a <c>kv_b_proj</c>.</summary>
    public static bool IsValuePart(string name) => TrySplitNumber(name, GgufLayer, out _, out string rest) && rest == "attn_v_b.weight";

    /// <summary>Name of the key part of a layer's <c>kv_b_proj</c>: <c>[heads, rank, nope]</c>.</summary>
    public static string KeyPart(int layer) => InGgufLayer(layer, "attn_k_b.weight");

    /// <summary>Name of the value part of a layer's <c>kv_b_proj</c>: <c>[heads, value, rank]</c>.</summary>
    public static string ValuePart(int layer) => InGgufLayer(layer, "attn_v_b.weight");

    /// <summary>Hugging Face name of a layer's <c>kv_b_proj</c>: <c>[heads * (nope + value), rank]</c>.</summary>
    public static string KeyValueUp(int layer) => InHuggingFaceLayer(layer, "self_attn.kv_b_proj.weight");

    /// <summary>The layer whose <c>kv_b_proj</c> this Hugging Face tensor is, or null.</summary>
    public static int? KeyValueUpLayer(string name) =>
        TrySplitNumber(name, HuggingFaceLayer, out int layer, out string rest) && rest == "self_attn.kv_b_proj.weight" ? layer : null;

    private static string InGgufLayer(int layer, string rest) => string.Create(CultureInfo.InvariantCulture, $"{GgufLayer}{layer}.{rest}");

    private static string InHuggingFaceLayer(int layer, string rest) => string.Create(CultureInfo.InvariantCulture, $"{HuggingFaceLayer}{layer}.{rest}");

    private static bool TrySplitNumber(string name, string prefix, out int number, out string rest)
    {
        (number, rest) = (0, "");
        if (!name.StartsWith(prefix, StringComparison.Ordinal)) return false;
        int dot = name.IndexOf('.', prefix.Length);
        if (dot < 0 || !int.TryParse(name.AsSpan(prefix.Length, dot - prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out number)) return false;
        rest = name[(dot + 1)..];
        return true;
    }
}
