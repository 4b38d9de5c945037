using Distill.Runs;
using Distill.Weights;

namespace Distill.Models;

/// <summary>
/// The shape of a model, read back from the metadata of a GGUF file (architectures <c>qwen2</c> and <c>deepseek2</c>).
/// </summary>
public static class GgufModelConfig
{
    private const int SigmoidGating = 2;

    /// <summary>Reads the shape.</summary>
    /// <exception cref="InputException">The architecture or its rotary scaling is not known, or a key is missing or impossible.</exception>
    public static ModelConfig Read(GgufReader file)
    {
        GgufMetadata metadata = file.Metadata;
        string name = metadata.GetString("general.architecture");
        Architecture architecture = name switch
        {
            "qwen2" => Architecture.Qwen2,
            "deepseek2" => Architecture.DeepSeekV3,
            _ => throw new InputException($"{file.Path}: architecture `{name}` is not known", "known architectures: deepseek2, qwen2"),
        };
        RefuseRopeScaling(file, name);
        if (!file.TryGet(GgufTensorNames.TokenEmbedding, out GgufTensorInfo? embedding) || embedding.Shape.Count != 2 || embedding.Shape[0] > int.MaxValue)
            throw new InputException($"{file.Path}: tensor `{GgufTensorNames.TokenEmbedding}` is missing or has no rows", "export the model again");

        int heads = metadata.GetCount($"{name}.attention.head_count"), hidden = metadata.GetCount($"{name}.embedding_length");
        LatentAttentionConfig? latent = architecture == Architecture.DeepSeekV3 ? ReadLatent(metadata, name) : null;
        var config = new ModelConfig
        {
            Architecture = architecture,
            VocabSize = (int)embedding.Shape[0],
            HiddenSize = hidden,
            IntermediateSize = metadata.GetCount($"{name}.feed_forward_length"),
            NumHiddenLayers = metadata.GetCount($"{name}.block_count"),
            NumAttentionHeads = heads,
            NumKeyValueHeads = latent is null ? metadata.FindCount($"{name}.attention.head_count_kv") ?? heads : heads,
            HeadDim = latent?.QkHeadDim ?? metadata.FindCount($"{name}.attention.key_length") ?? hidden / Math.Max(heads, 1),
            RmsNormEps = metadata.GetFloat($"{name}.attention.layer_norm_rms_epsilon"),
            RopeTheta = metadata.FindFloat($"{name}.rope.freq_base") ?? 10000,
            MaxPositionEmbeddings = metadata.GetCount($"{name}.context_length"),
            TieWordEmbeddings = !file.TryGet(GgufTensorNames.Output, out _),
            BosTokenId = metadata.FindCount("tokenizer.ggml.bos_token_id"),
            EosTokenIds = metadata.FindCount("tokenizer.ggml.eos_token_id") is { } eos ? [eos] : [],
            PadTokenId = metadata.FindCount("tokenizer.ggml.padding_token_id"),
            Latent = latent,
            Mixture = architecture == Architecture.DeepSeekV3 && metadata.FindCount($"{name}.expert_count") is { } experts and > 0 ? ReadMixture(file, name, experts) : null,
        };
        return ModelConfigFile.Validated(config, file.Path);
    }

    // Newer files hold one compressed key and value head (the widths of the real heads carry the suffix _mla); older ones hold the real heads.
    private static LatentAttentionConfig ReadLatent(GgufMetadata metadata, string name)
    {
        string suffix = metadata.Contains($"{name}.attention.key_length_mla") ? "_mla" : "";
        int rotated = metadata.GetCount($"{name}.rope.dimension_count");
        return new()
        {
            QLoraRank = metadata.FindCount($"{name}.attention.q_lora_rank") is { } rank and > 0 ? rank : null,
            KvLoraRank = metadata.GetCount($"{name}.attention.kv_lora_rank"),
            QkNopeHeadDim = metadata.GetCount($"{name}.attention.key_length{suffix}") - rotated,
            QkRopeHeadDim = rotated,
            VHeadDim = metadata.GetCount($"{name}.attention.value_length{suffix}"),
        };
    }

    private static MixtureConfig ReadMixture(GgufReader file, string name, int experts)
    {
        GgufMetadata metadata = file.Metadata;
        if (metadata.FindCount($"{name}.expert_gating_func") != SigmoidGating)
            throw new InputException($"{file.Path}: its experts are not chosen by sigmoid scores", "DeepSeek-V3 and R1 are known, DeepSeek-V2 is not");
        return new()
        {
            NRoutedExperts = experts,
            NumExpertsPerTok = metadata.GetCount($"{name}.expert_used_count"),
            NSharedExperts = metadata.GetCount($"{name}.expert_shared_count"),
            MoeIntermediateSize = metadata.GetCount($"{name}.expert_feed_forward_length"),
            FirstKDenseReplace = metadata.GetCount($"{name}.leading_dense_block_count"),
            RoutedScalingFactor = metadata.FindFloat($"{name}.expert_weights_scale") ?? 1,
            NormTopkProb = metadata.FindBool($"{name}.expert_weights_norm") ?? false,
            NGroup = metadata.FindCount($"{name}.expert_group_count") ?? 1,
            TopkGroup = metadata.FindCount($"{name}.expert_group_used_count") ?? 1,
        };
    }

    private static void RefuseRopeScaling(GgufReader file, string name)
    {
        string scaling = file.Metadata.FindString($"{name}.rope.scaling.type") ?? "none";
        if (scaling != "none") throw new InputException($"{file.Path}: rotary scaling `{scaling}` is not supported yet", "use a model without it");
    }
}
