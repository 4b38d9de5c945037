namespace Distill.Serving;

public sealed partial record PublishedRate
{
    /// <summary>Everything published that is known here, slowest first.</summary>
    public static IReadOnlyList<PublishedRate> All { get; } =
    [
        new("open-r1", "replicas of 16 H100, SGLang, about 390 tokens/s each", "H100", 16, Parallelism.Tp, 24.4, 24.4, false, "Hugging Face blog, open-r1 updates 1 and 2"),
        new("GPUStack, vLLM 0.11", "8 H200, stock settings, 5,483 to 15,809 tokens/s", "H200", 8, Parallelism.Tp, 685, 1_976, true, "docs.gpustack.ai, performance lab"),
        new("GPUStack, SGLang 0.5.3", "8 H200, TP8 with DP attention, 7,143 to 20,448 tokens/s", "H200", 8, Parallelism.DpEp, 893, 2_556, true, "docs.gpustack.ai, performance lab"),
        new("DeepSeek", "decode units of 144 H800, 14.8k tokens/s a node", "H800", 144, Parallelism.DpEp, 1_850, 1_850, false, "DeepSeek inference system overview, 2025"),
        new("vLLM", "wide expert parallelism, H200", "H200", null, Parallelism.DpEp, 1_500, 2_200, false, "vLLM blog, December 2025"),
        new("SGLang", "12 nodes of 8 H100, prefill and decode apart", "H100", 96, Parallelism.DpEp, 2_788, 2_788, false, "lmsys.org/blog/2025-05-05-large-scale-ep"),
    ];
}
