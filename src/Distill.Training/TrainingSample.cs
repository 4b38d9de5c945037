namespace Distill.Training;

/// <summary>One sample as tokens.</summary>
/// <param name="Tokens">Prompt and completion, the end-of-sequence token included.</param>
/// <param name="PromptLength">Tokens of the prompt: shown to the student, not counted in the loss.</param>
public sealed record TrainingSample(int[] Tokens, int PromptLength)
{
    /// <summary>Tokens that count in the loss.</summary>
    public int LossTokens => Tokens.Length - PromptLength;
}
