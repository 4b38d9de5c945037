namespace Distill.Models.Families;

/// <summary>
/// Qwen3, and R1-0528-Qwen3: every query and key head is normalized, there are no biases, and the width of a head is a setting of its own.
/// Source: Qwen3 technical report, arXiv:2505.09388.
/// </summary>
internal sealed class Qwen3Family : DenseFamily
{
    private const int DefaultHeadDim = 128;

    public override Architecture Architecture => Architecture.Qwen3;

    public override string ClassName => "Qwen3ForCausalLM";

    public override string ModelType => "qwen3";

    public override string GgufName => "qwen3";

    public override ModelConfig ReadConfig(ConfigKeys keys, ModelConfig common) =>
        common with { HeadDim = keys.Whole("head_dim", DefaultHeadDim) };

    public override void WriteConfig(ModelConfig config, ConfigJson json)
    {
        json.Set("head_dim", config.HeadDim, DefaultHeadDim);
        json.Set("attention_bias", false, false);
        json.Set("use_sliding_window", false, false);
    }
}
