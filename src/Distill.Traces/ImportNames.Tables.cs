namespace Distill.Traces;

/// <summary>The columns under which public sets of completions keep things, best first.</summary>
internal static class ImportNames
{
    /// <summary>What a model wrote, reasoning included.</summary>
    public static readonly IReadOnlyList<string> Completions =
    [
        "generations", "completion", "completions", "response", "responses", "generation", "generated_solution", "r1_generation", "model_output",
        "pred", "prediction", "messages", "conversations", "output",
    ];

    /// <summary>Reasoning and answer in two columns: OpenThoughts, s1K, AM-DeepSeek-R1-Distilled, and servers' replies.</summary>
    public static readonly IReadOnlyList<(string Reasoning, string Answer)> Pairs =
    [
        ("deepseek_reasoning", "deepseek_solution"), ("deepseek_thinking_trajectory", "deepseek_attempt"), ("info.think_content", "info.answer_content"),
        ("reasoning_content", "content"), ("reasoning", "content"), ("thinking", "response"), ("reasoning", "response"), ("reasoning", "completion"),
    ];

    /// <summary>Who wrote it.</summary>
    public static readonly IReadOnlyList<string> Teacher = ["teacher", "generation_model", "generator", "model_name", "model"];

    /// <summary>Tokens of the completion.</summary>
    public static readonly IReadOnlyList<string> Tokens = ["completion_tokens", "num_tokens", "token_count"];

    /// <summary>Why it ended; a list where there are several completions.</summary>
    public static readonly IReadOnlyList<string> FinishReasons = ["finish_reasons", "finish_reason"];

    /// <summary>Whether its reasoning was finished.</summary>
    public static readonly IReadOnlyList<string> ReasoningComplete = ["is_reasoning_complete"];

    /// <summary>Whether a rule found its answer right.</summary>
    public static readonly IReadOnlyList<string> RuleChecks = ["correctness_math_verify", "is_correct", "correct", "verified"];

    /// <summary>Whether a judge found its answer right.</summary>
    public static readonly IReadOnlyList<string> JudgeChecks = ["correctness_llama", "correctness_judge", "judge_correct"];
}
