using Distill.Chat;
using Distill.Verification;

namespace Distill.Teacher;

/// <summary>Counts over rollouts.</summary>
internal sealed class RolloutTally
{
    private readonly SortedDictionary<EndState, int> _endStates = [];
    private double _squares;

    /// <summary>All of them.</summary>
    public int Rollouts { get; private set; }

    /// <summary>With the verdict correct.</summary>
    public int Correct { get; private set; }

    /// <summary>With the verdict incorrect.</summary>
    public int Incorrect { get; private set; }

    /// <summary>With the verdict unverifiable.</summary>
    public int Unverifiable { get; private set; }

    /// <summary>Cut off by the token limit.</summary>
    public int Truncated { get; private set; }

    /// <summary>Failed in the engine.</summary>
    public int Failed { get; private set; }

    /// <summary>Whether any rollout was completed, in whatever state.</summary>
    public bool HasSuccess => Rollouts > _endStates.GetValueOrDefault(EndState.Failed);

    /// <summary>Rollouts by what became of them.</summary>
    public IReadOnlyDictionary<EndState, int> EndStates => _endStates;

    /// <summary>Tokens of their prompts.</summary>
    public long PromptTokens { get; private set; }

    /// <summary>Tokens of their completions.</summary>
    public long CompletionTokens { get; private set; }

    /// <summary>Taken over from other runs.</summary>
    public int Reused { get; private set; }

    /// <summary>Tokens of prompts that this run paid for, waste apart.</summary>
    public long PaidPromptTokens { get; private set; }

    /// <summary>Tokens of completions that this run paid for, waste apart.</summary>
    public long PaidCompletionTokens { get; private set; }

    /// <summary>Tokens of prompts that were paid for in vain.</summary>
    public long WastedPromptTokens { get; private set; }

    /// <summary>Tokens of completions that were paid for and thrown away.</summary>
    public long WastedCompletionTokens { get; private set; }

    /// <summary>Seconds that the run has taken up to the last of them.</summary>
    public double RunSeconds { get; private set; }

    /// <summary>Dollars that the run has cost by the prices of the options, waste and hours included.</summary>
    public double Cost(TeacherGenOptions options) =>
        ((((PaidPromptTokens + WastedPromptTokens) * options.PromptPrice) + ((PaidCompletionTokens + WastedCompletionTokens) * options.CompletionPrice)) / 1e6)
        + (RunSeconds / 3600 * options.HourPrice);

    /// <summary>Mean tokens of a completion.</summary>
    public double MeanTokens => Rollouts == 0 ? 0 : (double)CompletionTokens / Rollouts;

    /// <summary>Standard deviation of the tokens of a completion.</summary>
    public double DeviationTokens => Rollouts < 2 ? 0 : Math.Sqrt(Math.Max(0, (_squares - (MeanTokens * CompletionTokens)) / (Rollouts - 1)));

    /// <summary>Counts tokens that were thrown away; from many threads.</summary>
    public void AddWaste(int promptTokens, int completionTokens)
    {
        lock (_endStates)
        {
            WastedPromptTokens += promptTokens;
            WastedCompletionTokens += completionTokens;
        }
    }

    /// <summary>Counts one more.</summary>
    public void Add(RolloutSummary rollout)
    {
        Rollouts++;
        if (rollout.Outcome == Outcome.Correct) Correct++;
        else if (rollout.Outcome == Outcome.Incorrect) Incorrect++;
        else Unverifiable++;
        if (rollout.FinishReason == FinishReason.Length) Truncated++;
        if (rollout.FinishReason == FinishReason.Error) Failed++;
        _endStates[rollout.EndState] = _endStates.GetValueOrDefault(rollout.EndState) + 1;
        _squares += (double)rollout.CompletionTokens * rollout.CompletionTokens;
        PromptTokens += rollout.PromptTokens;
        CompletionTokens += rollout.CompletionTokens;
        if (rollout.Reused) Reused++;
        else
        {
            PaidPromptTokens += rollout.PromptTokens;
            PaidCompletionTokens += rollout.CompletionTokens;
        }
        RunSeconds = Math.Max(RunSeconds, rollout.RunSeconds);
    }
}
