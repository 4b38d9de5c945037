namespace Distill.Chat;

/// <summary>What became of a rollout: exactly one state for each. Only <see cref="Complete"/> is a trace to learn from without a second look.</summary>
public enum EndState
{
    /// <summary>The model ended it, and nothing is wrong with it.</summary>
    Complete,

    /// <summary>Complete, but partly written in a script that the prompt gives no reason for.</summary>
    LanguageMixed,

    /// <summary>Complete, but the reasoning is empty: the model skipped it.</summary>
    EmptyThink,

    /// <summary>The model ended it inside its reasoning: there is no answer.</summary>
    UnclosedThink,

    /// <summary>The token limit cut it off.</summary>
    Truncated,

    /// <summary>It repeated itself without end and was stopped.</summary>
    Loop,

    /// <summary>The engine will never complete it.</summary>
    Failed,
}
