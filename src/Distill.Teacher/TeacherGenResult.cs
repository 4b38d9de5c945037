using System.Text.Json;

namespace Distill.Teacher;

/// <summary>What <see cref="TraceGeneration"/> produced, over all attempts of the run.</summary>
public sealed record TeacherGenResult
{
    // Share of truncated rollouts from which the token limit deserves a word.
    private const double ManyTruncated = 0.05;

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

    /// <summary>Rollouts taken over from other runs (<c>--cache</c>, <c>--fork</c>).</summary>
    public required int Reused { get; init; }

    /// <summary>Completion tokens that were paid for and thrown away: failed attempts, repeats of loops.</summary>
    public required long WastedTokens { get; init; }

    /// <summary>Dollars by the given prices, waste and hours included; 0 without prices.</summary>
    public required double Cost { get; init; }

    /// <summary>Rows of the prompts file that could not be read and were left out.</summary>
    public required int BadRows { get; init; }

    /// <summary>Seconds of completing, over all attempts.</summary>
    public required double Seconds { get; init; }

    /// <summary>Completion tokens per second.</summary>
    public double TokensPerSecond => Seconds > 0 ? CompletionTokens / Seconds : 0;

    /// <summary>Share of rollouts that are correct.</summary>
    public double Accepted => Rollouts > 0 ? (double)Correct / Rollouts : 0;

    /// <summary>What the user should know, one line each; empty when there is nothing.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Sums a run up.</summary>
    internal static TeacherGenResult Of(string teacher, TeacherGenOptions options, PromptSet prompts, RolloutLedger ledger)
    {
        RolloutTally tally = ledger.Tally;
        return new TeacherGenResult
        {
            Teacher = teacher,
            Prompts = prompts.Prompts.Count,
            DuplicatePrompts = prompts.Duplicates,
            BadRows = prompts.BadRows,
            Rollouts = tally.Rollouts,
            Correct = tally.Correct,
            Incorrect = tally.Incorrect,
            Unverifiable = tally.Unverifiable,
            Truncated = tally.Truncated,
            Failed = tally.Failed,
            EndStates = tally.EndStates.ToDictionary(state => JsonNamingPolicy.SnakeCaseLower.ConvertName(state.Key.ToString()), state => state.Value),
            PromptTokens = tally.PromptTokens,
            CompletionTokens = tally.CompletionTokens,
            Reused = tally.Reused,
            WastedTokens = tally.WastedCompletionTokens,
            Cost = Math.Round(tally.Cost(options), 4),
            Seconds = Math.Round(tally.RunSeconds, 3),
            Notes = [.. ledger.Notes, .. NotesOn(tally, prompts)],
        };
    }

    private static IEnumerable<string> NotesOn(RolloutTally tally, PromptSet prompts)
    {
        if (prompts.Duplicates > 0) yield return $"{prompts.Duplicates} prompts repeat an earlier one and were left out";
        if (prompts.BadRows > 0) yield return $"{prompts.BadRows} rows could not be read and were left out (the first: {prompts.FirstBadRow})";
        if (tally.Reused > 0) yield return $"{tally.Reused} rollouts were taken over from other runs";
        if (tally.Truncated > ManyTruncated * tally.Rollouts) yield return $"{(double)tally.Truncated / tally.Rollouts:P1} of the rollouts were cut off by --max-tokens";
        if (tally.Failed > 0) yield return $"{tally.Failed} rollouts failed in the engine and are stored as such";
    }
}
