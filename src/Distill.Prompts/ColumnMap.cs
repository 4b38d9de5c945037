namespace Distill.Prompts;

/// <summary>
/// Which keys (JSON) or columns (Parquet) of a dataset hold what. A name left null is found among those in common use;
/// names are compared without regard to case.
/// </summary>
public sealed record ColumnMap
{
    /// <summary>Finds everything by the names in common use.</summary>
    public static readonly ColumnMap Automatic = new();

    internal static readonly string[] PromptNames = ["messages", "prompt", "problem", "question", "conversations", "query", "instruction", "input", "question_content", "text"];
    internal static readonly string[] ContextNames = ["context", "passage", "body"];
    internal static readonly string[] AnswerNames = ["reference_answer", "answer", "final_answer", "gold", "expected_answer", "ground_truth", "correct_answer", "target", "answers_spans.spans"];
    internal static readonly string[] SolutionNames = ["reference_reasoning", "solution", "rationale", "explanation"];
    internal static readonly string[] SourceNames = ["source", "dataset"];
    internal static readonly string[] IdNames = ["prompt_id", "id", "uuid", "task_id"];

    /// <summary>The problem: a text, or a list of messages.</summary>
    public string? Prompt { get; init; }

    /// <summary>The reference answer.</summary>
    public string? Answer { get; init; }

    /// <summary>What a model wrote, where rows are read as traces: a text, a list of texts, or a conversation that ends with it.</summary>
    public string? Completion { get; init; }

    /// <summary>The worked solution; where there is no reference answer, the answer is taken from it.</summary>
    public string? Solution { get; init; }

    /// <summary>Where the row comes from.</summary>
    public string? Source { get; init; }

    /// <summary>The row's name; only texts count, numbers are often unique in their file only.</summary>
    public string? Id { get; init; }

    /// <summary>The name under which a row holds something, or null.</summary>
    /// <param name="chosen">The name that was set, or null.</param>
    /// <param name="known">Names in common use, best first.</param>
    /// <param name="has">Whether the row has a value of that name.</param>
    internal static string? Find(string? chosen, IReadOnlyList<string> known, Func<string, bool> has) =>
        chosen is not null ? (has(chosen) ? chosen : null) : known.FirstOrDefault(has);
}
