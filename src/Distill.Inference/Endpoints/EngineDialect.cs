namespace Distill.Inference.Endpoints;

/// <summary>What a server speaks. They all claim to speak OpenAI's protocol, and each differs from it in other places.</summary>
public enum EngineDialect
{
    /// <summary>Found out when the server is first asked.</summary>
    Auto,

    /// <summary>vLLM.</summary>
    Vllm,

    /// <summary>SGLang.</summary>
    Sglang,

    /// <summary>llama.cpp's server.</summary>
    LlamaServer,

    /// <summary>OpenAI.</summary>
    OpenAI,

    /// <summary>DeepSeek's own service.</summary>
    DeepSeek,

    /// <summary>Azure AI Foundry and Azure OpenAI.</summary>
    Azure,

    /// <summary>Ollama's native protocol, which alone can set the context length.</summary>
    Ollama,
}

/// <summary>Where the dialects differ in what is asked of them.</summary>
internal static class EngineDialects
{
    /// <summary>Name of the token limit: <c>max_completion_tokens</c> is ignored without a word by every engine but OpenAI's, whose newer models refuse the other name.</summary>
    public static ReadOnlySpan<byte> MaxTokensField(this EngineDialect dialect) => dialect == EngineDialect.OpenAI ? "max_completion_tokens"u8 : "max_tokens"u8;

    /// <summary>Whether <c>top_k</c> is known; OpenAI's own services refuse unknown fields.</summary>
    public static bool KnowsTopK(this EngineDialect dialect) => dialect is not (EngineDialect.OpenAI or EngineDialect.Azure or EngineDialect.DeepSeek);

    /// <summary>Whether replies can carry the log-probabilities of all tokens; DeepSeek's reasoner refuses them, Ollama's protocol is not asked for them.</summary>
    public static bool GivesLogProbabilities(this EngineDialect dialect) => dialect is not (EngineDialect.DeepSeek or EngineDialect.Ollama);

    /// <summary>Whether a seed is known.</summary>
    public static bool KnowsSeed(this EngineDialect dialect) => dialect != EngineDialect.DeepSeek;

    /// <summary>
    /// Whether each request gets a connection of its own. llama-server closes connections after each streamed reply without
    /// saying so: of pooled requests half would fail.
    /// </summary>
    public static bool ClosesConnections(this EngineDialect dialect) => dialect == EngineDialect.LlamaServer;

    /// <summary>Whether a last assistant message can be gone on from.</summary>
    public static bool CanContinue(this EngineDialect dialect) => dialect is EngineDialect.Vllm or EngineDialect.Sglang or EngineDialect.LlamaServer or EngineDialect.Ollama;

    /// <summary>Whether the build that a server names stays the same as long as its model does; OpenAI's services alternate between several.</summary>
    public static bool KeepsFingerprint(this EngineDialect dialect) => dialect is not (EngineDialect.OpenAI or EngineDialect.Azure);

    /// <summary>The dialect that an address gives away, or null.</summary>
    public static EngineDialect? OfHost(string host) => host switch
    {
        "api.openai.com" => EngineDialect.OpenAI,
        "api.deepseek.com" => EngineDialect.DeepSeek,
        _ when host.EndsWith(".azure.com", StringComparison.OrdinalIgnoreCase) => EngineDialect.Azure,
        _ => null,
    };

    /// <summary>The dialect that <c>owned_by</c> of a list of models gives away, or null.</summary>
    public static EngineDialect? OfOwner(string owner) => owner switch
    {
        "vllm" => EngineDialect.Vllm,
        "sglang" => EngineDialect.Sglang,
        "llamacpp" => EngineDialect.LlamaServer,
        "library" => EngineDialect.Ollama,
        _ => null,
    };
}
