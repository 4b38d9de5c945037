using Distill.Runs;
using Distill.Weights;

namespace Distill.Models.Families;

internal sealed partial class DeepSeekV3Family
{
    private const uint SigmoidGating = 2;

    // llama.cpp's key holds a tenth of mscale_all_dim, because its first reader multiplied by it as it was.
    private const double LogMultiplierUnit = 0.1;

    public override ModelConfig ReadGguf(GgufReader file, ModelConfig common)
    {
        LatentAttentionConfig latent = ReadLatent(file.Metadata);
        return common with
        {
            NumKeyValueHeads = common.NumAttentionHeads,
            HeadDim = latent.QkHeadDim,
            RopeScaling = common.RopeScaling is YarnRopeScaling yarn ? ReadSharpening(file.Metadata, yarn) : common.RopeScaling,
            Latent = latent,
            Mixture = file.Metadata.FindCount($"{GgufName}.expert_count") is { } experts and > 0 ? ReadMixture(file, experts) : null,
        };
    }

    // The layout of April 2025 and later: attention over one shared compressed head; the real heads' widths carry _mla.
    public override void AppendGguf(GgufMetadata metadata, ModelConfig config)
    {
        LatentAttentionConfig latent = config.Latent!;
        metadata.Add($"{GgufName}.attention.head_count_kv", 1u);
        metadata.Add($"{GgufName}.attention.key_length", (uint)(latent.KvLoraRank + latent.QkRopeHeadDim));
        metadata.Add($"{GgufName}.attention.value_length", (uint)latent.KvLoraRank);
        metadata.Add($"{GgufName}.attention.key_length_mla", (uint)latent.QkHeadDim);
        metadata.Add($"{GgufName}.attention.value_length_mla", (uint)latent.VHeadDim);
        if (latent.QLoraRank is { } rank) metadata.Add($"{GgufName}.attention.q_lora_rank", (uint)rank);
        metadata.Add($"{GgufName}.attention.kv_lora_rank", (uint)latent.KvLoraRank);
        metadata.Add($"{GgufName}.rope.dimension_count", (uint)latent.QkRopeHeadDim);
        if (config.RopeScaling is YarnRopeScaling yarn) AppendSharpening(metadata, yarn);
        if (config.Mixture is { } mixture) AppendExperts(metadata, mixture);
    }

    private void AppendSharpening(GgufMetadata metadata, YarnRopeScaling yarn)
    {
        if (yarn.AttentionFactor is not null || yarn.MscaleAllDim is not { } all || all == 0 || yarn.Mscale != all)
        {
            throw new InputException("config.json: llama.cpp computes YaRN of DeepSeek models only with `mscale` and `mscale_all_dim` equal and above zero, and without `attention_factor`",
                "set both to 1 in `rope_scaling`, as DeepSeek-V3 and R1 do, before training");
        }
        metadata.Add($"{GgufName}.rope.scaling.yarn_log_multiplier", (float)(LogMultiplierUnit * all));
    }

    private YarnRopeScaling ReadSharpening(GgufMetadata metadata, YarnRopeScaling yarn)
    {
        double multiplier = (metadata.FindFloat($"{GgufName}.rope.scaling.yarn_log_multiplier") ?? 0) / LogMultiplierUnit;
        return multiplier == 0 ? yarn : yarn with { Mscale = multiplier, MscaleAllDim = multiplier };
    }

    private void AppendExperts(GgufMetadata metadata, MixtureConfig mixture)
    {
        metadata.Add($"{GgufName}.leading_dense_block_count", (uint)mixture.FirstKDenseReplace);
        metadata.Add($"{GgufName}.expert_count", (uint)mixture.NRoutedExperts);
        metadata.Add($"{GgufName}.expert_used_count", (uint)mixture.NumExpertsPerTok);
        metadata.Add($"{GgufName}.expert_feed_forward_length", (uint)mixture.MoeIntermediateSize);
        metadata.Add($"{GgufName}.expert_shared_count", (uint)mixture.NSharedExperts);
        metadata.Add($"{GgufName}.expert_weights_scale", (float)mixture.RoutedScalingFactor);
        metadata.Add($"{GgufName}.expert_weights_norm", mixture.NormTopkProb);
        metadata.Add($"{GgufName}.expert_gating_func", SigmoidGating);
        if (mixture.NGroup <= 1) return;
        metadata.Add($"{GgufName}.expert_group_count", (uint)mixture.NGroup);
        metadata.Add($"{GgufName}.expert_group_used_count", (uint)mixture.TopkGroup);
    }

    // Older files hold the real heads and no key with _mla.
    private LatentAttentionConfig ReadLatent(GgufMetadata metadata)
    {
        string suffix = metadata.Contains($"{GgufName}.attention.key_length_mla") ? "_mla" : "";
        int rotated = metadata.GetCount($"{GgufName}.rope.dimension_count");
        return new()
        {
            QLoraRank = metadata.FindCount($"{GgufName}.attention.q_lora_rank") is { } rank and > 0 ? rank : null,
            KvLoraRank = metadata.GetCount($"{GgufName}.attention.kv_lora_rank"),
            QkNopeHeadDim = metadata.GetCount($"{GgufName}.attention.key_length{suffix}") - rotated,
            QkRopeHeadDim = rotated,
            VHeadDim = metadata.GetCount($"{GgufName}.attention.value_length{suffix}"),
        };
    }

    private MixtureConfig ReadMixture(GgufReader file, int experts)
    {
        GgufMetadata metadata = file.Metadata;
        if (metadata.FindCount($"{GgufName}.expert_gating_func") != SigmoidGating)
            throw new InputException($"{file.Path}: its experts are not chosen by sigmoid scores", "DeepSeek-V3 and R1 are known, DeepSeek-V2 is not");
        return new()
        {
            NRoutedExperts = experts,
            NumExpertsPerTok = metadata.GetCount($"{GgufName}.expert_used_count"),
            NSharedExperts = metadata.GetCount($"{GgufName}.expert_shared_count"),
            MoeIntermediateSize = metadata.GetCount($"{GgufName}.expert_feed_forward_length"),
            FirstKDenseReplace = metadata.GetCount($"{GgufName}.leading_dense_block_count"),
            RoutedScalingFactor = metadata.FindFloat($"{GgufName}.expert_weights_scale") ?? 1,
            NormTopkProb = metadata.FindBool($"{GgufName}.expert_weights_norm") ?? false,
            NGroup = metadata.FindCount($"{GgufName}.expert_group_count") ?? 1,
            TopkGroup = metadata.FindCount($"{GgufName}.expert_group_used_count") ?? 1,
        };
    }
}
