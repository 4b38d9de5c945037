namespace Distill.Teacher;

/// <summary>What <see cref="TraceGeneration"/> produced, over all attempts of the run.</summary>
public sealed record TeacherGenResult
{
    /// <summary>Identity of the teacher.</summary>
    public required string Teacher { get; init; }

    /// <summary>Prompts that were completed, duplicates left out.</summary>
    public required int Prompts { get; init; }

    /// <summary>Rows of the prompts file that repeat an earlier one and were left out.</summary>
    public required int DuplicatePrompts { get; init; }

    /// <summary>Stored rollouts; every planned one is stored.</summary>
    public required int Rollouts { get; init; }

    /// <summary>Rollouts whose answer equals the reference answer.</summary>
    public required int Correct { get; init; }

    /// <summary>Rollouts with another answer.</summary>
    public required int Incorrect { get; init; }

    /// <summary>Rollouts that cannot be judged.</summary>
    public required int Unverifiable { get; init; }

    /// <summary>Rollouts that the token limit cut off.</summary>
    public required int Truncated { get; init; }

    /// <summary>Rollouts that the engine will never complete, e.g. because the prompt is too long.</summary>
    public required int Failed { get; init; }

    /// <summary>Rollouts by what became of them, e.g. <c>complete</c>, <c>truncated</c>, <c>loop</c>. They add up to <see cref="Rollouts"/>.</summary>
    public required IReadOnlyDictionary<string, int> EndStates { get; init; }

    /// <summary>Tokens of all prompts.</summary>
    public required long PromptTokens { get; init; }

    /// <summary>Tokens of all completions.</summary>
    public required long CompletionTokens { get; init; }

    /// <summary>Seconds of completing, over all attempts.</summary>
    public required double Seconds { get; init; }

    /// <summary>Completion tokens per second.</summary>
    public double TokensPerSecond => Seconds > 0 ? CompletionTokens / Seconds : 0;

    /// <summary>Share of rollouts that are correct.</summary>
    public double Accepted => Rollouts > 0 ? (double)Correct / Rollouts : 0;

    /// <summary>What the user should know, one line each; empty when there is nothing.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}
