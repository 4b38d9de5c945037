using System.Text;

namespace Distill.Chat;

/// <summary>Names what is wrong with a completion that an engine delivered whole.</summary>
public static class CompletionQuality
{
    /// <summary>The one state of a completion. Where several would fit, the one that says most about its use wins.</summary>
    /// <param name="prompt">What the model was shown.</param>
    /// <param name="completion">What it produced.</param>
    public static EndState Judge(IReadOnlyList<Message> prompt, Completion completion)
    {
        if (completion.FinishReason == FinishReason.Error) return EndState.Failed;
        if (Repetition.EndsInLoop(Encoding.UTF8.GetBytes(completion.RawText))) return EndState.Loop;
        if (completion.FinishReason == FinishReason.Length) return EndState.Truncated;
        if (completion.ReasoningUnclosed) return EndState.UnclosedThink;
        if (completion.Reasoning.Length == 0 && completion.RawText.Contains(ChatFormat.ThinkClose, StringComparison.Ordinal)) return EndState.EmptyThink;
        return ScriptMixing.IsMixed(prompt, completion.Reasoning) || ScriptMixing.IsMixed(prompt, completion.Answer) ? EndState.LanguageMixed : EndState.Complete;
    }
}
