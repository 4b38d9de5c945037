namespace Distill.Models.Families;

/// <summary>
/// Qwen2 and Qwen2.5, and the R1 distillations made from them: queries, keys and values have biases.
/// Source: Qwen2 technical report, arXiv:2407.10671.
/// </summary>
internal sealed class Qwen2Family : DenseFamily
{
    public override Architecture Architecture => Architecture.Qwen2;

    public override string ClassName => "Qwen2ForCausalLM";

    public override string ModelType => "qwen2";

    public override string GgufName => "qwen2";

    public override void WriteConfig(ModelConfig config, ConfigJson json)
    {
        base.WriteConfig(config, json);
        json.Set("use_sliding_window", false, false);
    }
}
