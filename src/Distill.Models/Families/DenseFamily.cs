using Distill.Weights;

namespace Distill.Models.Families;

/// <summary>What the families of dense decoders with grouped-query attention have in common.</summary>
internal abstract class DenseFamily : ModelFamily
{
    public override ModelConfig ReadConfig(ConfigKeys keys, ModelConfig common) => common;

    public override void WriteConfig(ModelConfig config, ConfigJson json) => json.Set("head_dim", config.HeadDim, config.HiddenSize / config.NumAttentionHeads);

    public override ModelConfig ReadGguf(GgufReader file, ModelConfig common)
    {
        int heads = common.NumAttentionHeads;
        return common with
        {
            NumKeyValueHeads = file.Metadata.FindCount($"{GgufName}.attention.head_count_kv") ?? heads,
            HeadDim = file.Metadata.FindCount($"{GgufName}.attention.key_length") ?? common.HiddenSize / Math.Max(heads, 1),
        };
    }

    public override void AppendGguf(GgufMetadata metadata, ModelConfig config)
    {
        metadata.Add($"{GgufName}.attention.head_count_kv", (uint)config.NumKeyValueHeads);
        if (config.HeadDim * config.NumAttentionHeads != config.HiddenSize)
        {
            metadata.Add($"{GgufName}.attention.key_length", (uint)config.HeadDim);
            metadata.Add($"{GgufName}.attention.value_length", (uint)config.HeadDim);
        }
        metadata.Add($"{GgufName}.rope.dimension_count", (uint)config.HeadDim);
    }
}
