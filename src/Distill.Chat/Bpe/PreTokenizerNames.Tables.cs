namespace Distill.Chat;

public static partial class PreTokenizerNames
{
    /// <summary>Names that llama.cpp 0.5.0 takes besides those that are known here. Source: <c>src/llama-vocab.cpp</c>.</summary>
    public static IReadOnlySet<string> NamesOfLlamaCpp { get; } = new HashSet<string>(StringComparer.Ordinal)
    {
        "a.x-4.0", "afmoe", "bailingmoe", "bailingmoe2", "bloom", "chameleon", "chatglm-bpe", "codeshell", "command-r", "dbrx", "deepseek-coder", "deepseek-llm",
        "exaone", "exaone-moe", "exaone4", "falcon", "falcon-h1", "falcon3", "gigachat", "glm4", "gpt-4o", "gpt3-finnish", "granite-docling", "grok-2", "hunyuan",
        "hunyuan-dense", "jais", "jina-v5-nano", "joyai-llm", "kanana2", "kimi-k2", "lfm2", "llada-moe", "llama4", "megrez", "mellum", "midm-2.0", "minerva-7b",
        "minimax-m2", "mpt", "olmo", "phi-2", "pixtral", "poro-chat", "qwen35", "refact", "seed-coder", "smaug-bpe", "smollm", "solar-open", "stablelm2", "starcoder",
        "superbpe", "tekken", "tiny_aya", "trillion", "viking", "youtu",
    };
}
