using System.Globalization;
using Distill.Models;
using Distill.Weights;

namespace Distill.Export.Gguf;

/// <summary>
/// The architecture's keys of a GGUF file. llama.cpp is strict about types: whole numbers are u32, reals are f32.
/// </summary>
internal static class GgufModelMetadata
{
    private const uint SigmoidGating = 2;
    private const uint QuantizationVersion = 2;

    /// <summary>Appends the keys that describe the model, the general ones first.</summary>
    /// <param name="metadata">Receives the keys.</param>
    /// <param name="config">The model's shape.</param>
    /// <param name="card">Name, license and sampling defaults.</param>
    /// <param name="tensors">The file's tensors, for the size label.</param>
    /// <param name="fileType">Type of the file.</param>
    public static void Append(GgufMetadata metadata, ModelConfig config, ModelFacts card, IReadOnlyList<PlannedTensor> tensors, GgufFileType fileType)
    {
        string architecture = config.Architecture switch
        {
            Architecture.Qwen2 => "qwen2",
            Architecture.DeepSeekV3 => "deepseek2",
            _ => throw new ArgumentOutOfRangeException(nameof(config), config.Architecture, "unknown architecture"),
        };
        metadata.Add("general.architecture", architecture);
        metadata.Add("general.type", "model");
        metadata.Add("general.name", card.Name);
        metadata.Add("general.size_label", SizeLabel(config, tensors));
        if (card.License is { } license) metadata.Add("general.license", license);
        if (card.Temperature is { } temperature) metadata.Add("general.sampling.temp", (float)temperature);
        if (card.TopP is { } topP) metadata.Add("general.sampling.top_p", (float)topP);
        if (card.TopK is { } topK) metadata.Add("general.sampling.top_k", topK);
        metadata.Add("general.file_type", (uint)fileType);
        metadata.Add("general.quantization_version", QuantizationVersion);

        metadata.Add($"{architecture}.block_count", (uint)config.NumHiddenLayers);
        metadata.Add($"{architecture}.context_length", (uint)config.MaxPositionEmbeddings);
        metadata.Add($"{architecture}.embedding_length", (uint)config.HiddenSize);
        metadata.Add($"{architecture}.feed_forward_length", (uint)config.IntermediateSize);
        metadata.Add($"{architecture}.attention.head_count", (uint)config.NumAttentionHeads);
        metadata.Add($"{architecture}.attention.layer_norm_rms_epsilon", (float)config.RmsNormEps);
        metadata.Add($"{architecture}.rope.freq_base", (float)config.RopeTheta);
        metadata.Add($"{architecture}.vocab_size", (uint)config.VocabSize);
        if (config.Latent is { } latent) AppendLatentAttention(metadata, architecture, latent);
        else AppendGroupedQueryAttention(metadata, architecture, config);
        if (config.Mixture is { } mixture) AppendExperts(metadata, architecture, mixture);
    }

    private static void AppendGroupedQueryAttention(GgufMetadata metadata, string architecture, ModelConfig config)
    {
        metadata.Add($"{architecture}.attention.head_count_kv", (uint)config.NumKeyValueHeads);
        if (config.HeadDim * config.NumAttentionHeads == config.HiddenSize) return;
        metadata.Add($"{architecture}.attention.key_length", (uint)config.HeadDim);
        metadata.Add($"{architecture}.attention.value_length", (uint)config.HeadDim);
        metadata.Add($"{architecture}.rope.dimension_count", (uint)config.HeadDim);
    }

    // The layout of April 2025 and later: attention over one shared compressed head; the real heads' widths carry _mla.
    private static void AppendLatentAttention(GgufMetadata metadata, string architecture, LatentAttentionConfig latent)
    {
        metadata.Add($"{architecture}.attention.head_count_kv", 1u);
        metadata.Add($"{architecture}.attention.key_length", (uint)(latent.KvLoraRank + latent.QkRopeHeadDim));
        metadata.Add($"{architecture}.attention.value_length", (uint)latent.KvLoraRank);
        metadata.Add($"{architecture}.attention.key_length_mla", (uint)latent.QkHeadDim);
        metadata.Add($"{architecture}.attention.value_length_mla", (uint)latent.VHeadDim);
        if (latent.QLoraRank is { } rank) metadata.Add($"{architecture}.attention.q_lora_rank", (uint)rank);
        metadata.Add($"{architecture}.attention.kv_lora_rank", (uint)latent.KvLoraRank);
        metadata.Add($"{architecture}.rope.dimension_count", (uint)latent.QkRopeHeadDim);
    }

    private static void AppendExperts(GgufMetadata metadata, string architecture, MixtureConfig mixture)
    {
        metadata.Add($"{architecture}.leading_dense_block_count", (uint)mixture.FirstKDenseReplace);
        metadata.Add($"{architecture}.expert_count", (uint)mixture.NRoutedExperts);
        metadata.Add($"{architecture}.expert_used_count", (uint)mixture.NumExpertsPerTok);
        metadata.Add($"{architecture}.expert_feed_forward_length", (uint)mixture.MoeIntermediateSize);
        metadata.Add($"{architecture}.expert_shared_count", (uint)mixture.NSharedExperts);
        metadata.Add($"{architecture}.expert_weights_scale", (float)mixture.RoutedScalingFactor);
        metadata.Add($"{architecture}.expert_weights_norm", mixture.NormTopkProb);
        metadata.Add($"{architecture}.expert_gating_func", SigmoidGating);
        if (mixture.NGroup <= 1) return;
        metadata.Add($"{architecture}.expert_group_count", (uint)mixture.NGroup);
        metadata.Add($"{architecture}.expert_group_used_count", (uint)mixture.TopkGroup);
    }

    // Parameters in short; with experts, their number times the parameters on the path through one of them.
    private static string SizeLabel(ModelConfig config, IReadOnlyList<PlannedTensor> tensors)
    {
        long total = tensors.Sum(tensor => tensor.ElementCount);
        if (config.Mixture is not { } mixture) return Rounded(total);
        long inExperts = tensors.Where(tensor => tensor.Name.Contains("_exps.", StringComparison.Ordinal)).Sum(tensor => tensor.ElementCount);
        return $"{mixture.NRoutedExperts}x{Rounded(total - inExperts + (inExperts / mixture.NRoutedExperts))}";
    }

    private static string Rounded(long parameters)
    {
        (double scaled, string unit) = parameters switch
        {
            >= 1_000_000_000_000 => (parameters / 1e12, "T"),
            >= 1_000_000_000 => (parameters / 1e9, "B"),
            >= 1_000_000 => (parameters / 1e6, "M"),
            _ => (parameters / 1e3, "K"),
        };
        return scaled.ToString(scaled < 10 ? "0.0" : "0", CultureInfo.InvariantCulture) + unit;
    }
}
