namespace Distill.Models;

/// <summary>The shape of a model, as Hugging Face's <c>config.json</c> states it; the names are that file's, in PascalCase.</summary>
public sealed record ModelConfig
{
    /// <summary>Which decoder it is.</summary>
    public required Architecture Architecture { get; init; }

    /// <summary>Rows of the embedding; at least the tokenizer's size.</summary>
    public required int VocabSize { get; init; }

    /// <summary>Width of the residual stream.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Width of a dense layer's feed-forward network.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>Decoder layers.</summary>
    public required int NumHiddenLayers { get; init; }

    /// <summary>Query heads.</summary>
    public required int NumAttentionHeads { get; init; }

    /// <summary>Key and value heads; fewer than query heads means grouped-query attention.</summary>
    public required int NumKeyValueHeads { get; init; }

    /// <summary>Width of one head (for latent attention see <see cref="Latent"/>).</summary>
    public required int HeadDim { get; init; }

    /// <summary>Added to the mean square inside RMSNorm.</summary>
    public double RmsNormEps { get; init; } = 1e-6;

    /// <summary>Base of the rotary frequencies.</summary>
    public double RopeTheta { get; init; } = 10000;

    /// <summary>How the rotary frequencies are stretched to a longer context, or null when they are not.</summary>
    public RopeScaling? RopeScaling { get; init; }

    /// <summary>Context length.</summary>
    public required int MaxPositionEmbeddings { get; init; }

    /// <summary>Whether the output head is the embedding matrix.</summary>
    public bool TieWordEmbeddings { get; init; }

    /// <summary>Standard deviation of fresh weights.</summary>
    public double InitializerRange { get; init; } = 0.02;

    /// <summary>Beginning-of-sequence token, if the model has one.</summary>
    public int? BosTokenId { get; init; }

    /// <summary>Tokens that end a completion.</summary>
    public IReadOnlyList<int> EosTokenIds { get; init; } = [];

    /// <summary>Padding token, if named.</summary>
    public int? PadTokenId { get; init; }

    /// <summary>Multi-head latent attention (DeepSeek), or null for grouped-query attention.</summary>
    public LatentAttentionConfig? Latent { get; init; }

    /// <summary>Mixture of experts (DeepSeek), or null for dense layers only.</summary>
    public MixtureConfig? Mixture { get; init; }

    /// <summary>The file this was read from: its other keys and its style are kept when it is written back.</summary>
    public ConfigOrigin? Origin { get; init; }

    /// <summary>Whether queries, keys and values have biases.</summary>
    public bool AttentionBias => Architecture == Architecture.Qwen2;

    /// <summary>Whether each query and key head is normalized before it is rotated.</summary>
    public bool QueryKeyNorm => Architecture == Architecture.Qwen3;

    /// <summary>Width of the rotated part of a head.</summary>
    public int RotaryWidth => Latent?.QkRopeHeadDim ?? HeadDim;

    /// <summary>Angle by which each pair of components turns per position, scaling included; <c>RotaryWidth / 2</c> numbers.</summary>
    public double[] RotaryFrequencies()
    {
        double[] plain = RopeScaling.Unscaled(RopeTheta, RotaryWidth);
        return RopeScaling is null ? plain : [.. plain.Zip(RopeScaling.Divisors(plain, RopeTheta), (frequency, divisor) => frequency / divisor)];
    }

    /// <summary>Numbers in the model's weights; router biases count, a tied head does not.</summary>
    public long ParameterCount() => CheckpointTensors.Of(this).Sum(tensor => tensor.Shape.Aggregate(1L, (product, dimension) => product * dimension));
}

/// <summary>Decoders that are known here.</summary>
public enum Architecture
{
    /// <summary><c>LlamaForCausalLM</c> (Llama 2 and 3, R1-Distill-Llama).</summary>
    Llama,

    /// <summary><c>Qwen2ForCausalLM</c> (Qwen2, Qwen2.5, R1-Distill-Qwen).</summary>
    Qwen2,

    /// <summary><c>Qwen3ForCausalLM</c> (Qwen3, R1-0528-Qwen3).</summary>
    Qwen3,

    /// <summary><c>DeepseekV3ForCausalLM</c> (DeepSeek-V3, R1, tiny-r1).</summary>
    DeepSeekV3,
}

/// <summary>Shape of multi-head latent attention. Source: DeepSeek-V2, arXiv:2405.04434, section 2.1.</summary>
public sealed record LatentAttentionConfig
{
    /// <summary>Rank of the query compression, or null when queries are projected directly.</summary>
    public int? QLoraRank { get; init; }

    /// <summary>Rank of the joint key and value compression: what the KV cache holds per token.</summary>
    public required int KvLoraRank { get; init; }

    /// <summary>Width of a head's part without position.</summary>
    public required int QkNopeHeadDim { get; init; }

    /// <summary>Width of a head's rotated part; its key is shared by all heads.</summary>
    public required int QkRopeHeadDim { get; init; }

    /// <summary>Width of a head's value.</summary>
    public required int VHeadDim { get; init; }

    /// <summary>Width of a query or key head.</summary>
    public int QkHeadDim => QkNopeHeadDim + QkRopeHeadDim;
}

/// <summary>Shape of the mixture of experts. Source: DeepSeek-V3, arXiv:2412.19437, section 2.1.2.</summary>
public sealed record MixtureConfig
{
    /// <summary>Experts to choose from.</summary>
    public required int NRoutedExperts { get; init; }

    /// <summary>Experts chosen per token.</summary>
    public required int NumExpertsPerTok { get; init; }

    /// <summary>Experts that see every token.</summary>
    public required int NSharedExperts { get; init; }

    /// <summary>Width of one expert.</summary>
    public required int MoeIntermediateSize { get; init; }

    /// <summary>Leading layers that stay dense.</summary>
    public required int FirstKDenseReplace { get; init; }

    /// <summary>Multiplies the sum of the routed experts.</summary>
    public double RoutedScalingFactor { get; init; } = 1;

    /// <summary>Whether the chosen experts' scores are made to sum to one.</summary>
    public bool NormTopkProb { get; init; } = true;

    /// <summary>Groups the experts are divided into (1: no groups).</summary>
    public int NGroup { get; init; } = 1;

    /// <summary>Groups that may be chosen from per token.</summary>
    public int TopkGroup { get; init; } = 1;
}
