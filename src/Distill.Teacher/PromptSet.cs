using Distill.Prompts;
using Distill.Runs;

namespace Distill.Teacher;

/// <summary>The prompts of a run, each once.</summary>
/// <param name="Prompts">The prompts.</param>
/// <param name="Duplicates">Rows that repeat an earlier one and were left out.</param>
/// <param name="BadRows">Rows that could not be read and were left out.</param>
/// <param name="FirstBadRow">What was wrong with the first of them, or null.</param>
internal sealed record PromptSet(IReadOnlyList<Prompt> Prompts, int Duplicates, int BadRows, string? FirstBadRow)
{
    /// <summary>Reads the prompts that the options name.</summary>
    /// <exception cref="InputException">There are none, there are too many, or a row cannot be read.</exception>
    public static PromptSet Read(TeacherGenOptions options)
    {
        int badRows = 0;
        string? firstBadRow = null;
        IEnumerable<Prompt> rows = PromptReader.Read(options.Prompts, onBadRow: options.OnBadRow == BadRowPolicy.Stop ? null : problem =>
        {
            badRows++;
            firstBadRow ??= problem.Message;
        });
        if (options.Limit is { } limit) rows = rows.Take(limit);
        List<Prompt> prompts;
        int duplicates;
        try
        {
            prompts = RolloutPlan.Distinct(rows, out duplicates);
        }
        catch (InputException e) when (options.OnBadRow == BadRowPolicy.Stop && e.ExitCode == 1)
        {
            throw new InputException(e.Message, $"{e.Hint}; or leave such rows out with --on-bad-row skip", e.ExitCode, e);
        }
        if (prompts.Count == 0) throw new InputException($"{options.Prompts}: holds no prompts", "each row needs a `prompt` (or `messages`) and an `answer`");
        if ((long)prompts.Count * options.Samples > int.MaxValue)
            throw new InputException($"{prompts.Count} prompts with {options.Samples} rollouts each are more than one run can hold", "split the prompts over several runs");
        return new PromptSet(prompts, duplicates, badRows, firstBadRow);
    }
}
