using System.Text;
using System.Text.Json;

namespace Distill.Chat;

/// <summary>Names what is wrong with a completion that an engine delivered whole.</summary>
public static class CompletionQuality
{
    /// <summary>How many bytes a text should grow by between two looks at it.</summary>
    public const int LookEveryBytes = 512;

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

    /// <summary>The state that a text under way cannot leave any more, so that there is no point in going on; null while there is.</summary>
    /// <param name="prompt">What the model was shown.</param>
    /// <param name="utf8">The text so far; its last character may be incomplete.</param>
    /// <param name="rejectMixing">Whether a text that has strayed into another script is of no use.</param>
    public static EndState? JudgeUnderWay(IReadOnlyList<Message> prompt, ReadOnlySpan<byte> utf8, bool rejectMixing)
    {
        if (Repetition.EndsInLoop(utf8)) return EndState.Loop;
        if (!rejectMixing || System.Text.Ascii.IsValid(utf8)) return null;
        return ScriptMixing.IsMixed(prompt, Encoding.UTF8.GetString(utf8), isWhole: false) ? EndState.LanguageMixed : null;
    }

    /// <summary>Short code in snake_case of a completion that was given up under way, or null.</summary>
    public static string? FailureOf(Completion completion) => completion is { FinishReason: FinishReason.Error, EndState: not EndState.Failed }
        ? JsonNamingPolicy.SnakeCaseLower.ConvertName(completion.EndState.ToString()) : null;
}
