namespace Distill.Training;

/// <summary>One sample as tokens.</summary>
/// <param name="Tokens">Prompt and completion, the end-of-sequence token included.</param>
/// <param name="PromptLength">Tokens of the prompt: shown to the student, not counted in the loss.</param>
/// <param name="Id">Id of the trace it was made from.</param>
public sealed record TrainingSample(ReadOnlyMemory<int> Tokens, int PromptLength, string Id = "")
{
    /// <summary>What the teacher held likely at each token behind the prompt, or null where that is not known.</summary>
    public TeacherTargets? Teacher { get; init; }

    /// <summary>Tokens of the sample.</summary>
    public int Length => Tokens.Length;

    /// <summary>Tokens that count in the loss. The first token of a sample without a prompt has nothing to be predicted from.</summary>
    public int LossTokens => Tokens.Length - Math.Max(PromptLength, 1);
}
