namespace Distill.Models.Families;

/// <summary>
/// Llama 2 and 3, and the R1 distillations made from them. Source: The Llama 3 herd of models, arXiv:2407.21783.
/// llama.cpp stores the rows of queries and keys as neighbouring pairs, unlike the checkpoints.
/// </summary>
internal sealed class LlamaFamily : DenseFamily
{
    public override Architecture Architecture => Architecture.Llama;

    public override string ClassName => "LlamaForCausalLM";

    public override string ModelType => "llama";

    public override string GgufName => "llama";

    public override bool PairsHalvesInGguf => false;

    public override void WriteConfig(ModelConfig config, ConfigJson json)
    {
        base.WriteConfig(config, json);
        json.Set("attention_bias", false, false);
        json.Set("mlp_bias", false, false);
    }
}
