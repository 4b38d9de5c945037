using System.Globalization;
using Distill.Chat;
using Distill.Prompts;
using Distill.Runs;
using Distill.Verification;

namespace Distill.Traces;

/// <summary>
/// Makes traces of the rows of a public set: one for each completion in the row. What the set says about a completion (finish reason,
/// checks of its answer) is kept; what it does not say is left empty, never guessed.
/// </summary>
/// <param name="source">Source of rows that name none.</param>
/// <param name="columns">Which columns hold what.</param>
internal sealed class TraceImport(string source, ColumnMap columns)
{
    private static readonly SamplingOptions UnknownSampling = new() { Temperature = 0, TopP = 1, TopK = 0, MaxTokens = 0, Seed = 0 };

    /// <summary>The traces of a row.</summary>
    /// <exception cref="InputException">The row holds no prompt or no completion.</exception>
    public IEnumerable<Trace> TracesOf(DatasetRow row)
    {
        IReadOnlyList<string> completions = CompletionsOf(row, out _);
        Prompt prompt = row.ToPrompt(columns, source, answerFromConversation: false);
        for (int i = 0; i < completions.Count; i++) yield return TraceOf(row, prompt, completions[i], i);
    }

    /// <summary>The traces of a row that need not hold a prompt, with the reference answer as it is written there.</summary>
    /// <param name="row">The row.</param>
    /// <param name="isList">Whether it holds a list of completions.</param>
    /// <exception cref="InputException">The row holds no completion.</exception>
    public IReadOnlyList<Trace> PairsOf(DatasetRow row, out bool isList)
    {
        IReadOnlyList<string> completions = CompletionsOf(row, out isList);
        Prompt prompt = row.ToPrompt(columns, source, answerFromConversation: false, promptRequired: false);
        if (row.AnswerAsWritten(columns) is { } written) prompt = prompt with { ReferenceAnswer = written };
        return [.. completions.Select((text, i) => TraceOf(row, prompt, text, i))];
    }

    private static Trace TraceOf(DatasetRow row, Prompt prompt, string text, int index)
    {
        ReasoningParts parts = ReasoningSplit.Split(ReasoningMarkers.ToThinkTags(text), startsInReasoning: false);
        bool incomplete = Flag(row, ImportNames.ReasoningComplete, index) == false;
        return new Trace
        {
            Id = Fingerprint.OfTexts(prompt.Id, index.ToString(CultureInfo.InvariantCulture), text)[..16],
            Prompt = prompt,
            SampleIndex = index,
            Teacher = Text(row, ImportNames.Teacher) ?? "unknown",
            Sampling = UnknownSampling,
            Completion = new Completion
            {
                RawText = text,
                Reasoning = parts.Reasoning,
                Answer = ReasoningMarkers.Unwrap(parts.Answer),
                ReasoningUnclosed = parts.Unclosed || (incomplete && parts.Answer.Length == 0),
                FinishReason = FinishReasonOf(row, index),
                PromptTokens = 0,
                CompletionTokens = Text(row, ImportNames.Tokens) is { } tokens && int.TryParse(tokens, CultureInfo.InvariantCulture, out int count) && count > 0 ? count : 0,
            },
            Verdict = Checked(row, ImportNames.RuleChecks, index) ?? new Verdict(Outcome.Unverifiable, "not_verified", null, "none/1"),
            JudgeVerdict = Checked(row, ImportNames.JudgeChecks, index),
        };
    }

    private IReadOnlyList<string> CompletionsOf(DatasetRow row, out bool isList)
    {
        isList = false;
        if (columns.Completion is { } chosen)
        {
            return AllOf(row, chosen, out isList) is { Count: > 0 } found ? found
                : throw new InputException($"{row.Where}: column `{chosen}` is missing or empty", "name the column that holds what the model wrote");
        }
        foreach ((string reasoning, string answer) in ImportNames.Pairs)
            if (row.Text(reasoning) is { } thought && row.Text(answer) is { } said) return [ReasoningSplit.Join(thought, said, startsInReasoning: false)];
        foreach (string name in ImportNames.Completions)
            if (AllOf(row, name, out isList) is { Count: > 0 } found) return found;
        throw new InputException($"{row.Where}: holds no completion; found {string.Join(", ", row.Names.Select(name => $"`{name}`"))}",
            $"name its column with `--completion-column`, which `curate`, `lint` and `verify` take; it is looked for under {string.Join(", ", ImportNames.Completions.Select(name => $"`{name}`"))}");
    }

    // A list is several completions of one prompt, a conversation ends with one, anything else is one text.
    private static IReadOnlyList<string>? AllOf(DatasetRow row, string name, out bool isList)
    {
        IReadOnlyList<string?>? list = row.Texts(name);
        isList = list is not null;
        if (list is not null) return [.. list.Select(text => text ?? "")];
        if (row.Messages(name) is not { } messages) return row.Text(name) is { } text ? [text] : null;
        return messages is [.., { Role: MessageRole.Assistant } last]
            ? [string.IsNullOrWhiteSpace(last.Reasoning) ? last.Content : ReasoningSplit.Join(last.Reasoning, last.Content, startsInReasoning: false)] : null;
    }

    private static FinishReason FinishReasonOf(DatasetRow row, int index) => At(row, ImportNames.FinishReasons, index)?.ToLowerInvariant() switch
    {
        "length" or "max_tokens" => FinishReason.Length,
        "error" => FinishReason.Error,
        _ => FinishReason.Stop,
    };

    private static Verdict? Checked(DatasetRow row, IReadOnlyList<string> names, int index) =>
        names.FirstOrDefault(row.Has) is { } name && Flag(row, [name], index) is { } right
            ? new Verdict(right ? Outcome.Correct : Outcome.Incorrect, name, null, "dataset") : null;

    private static bool? Flag(DatasetRow row, IReadOnlyList<string> names, int index) => bool.TryParse(At(row, names, index), out bool flag) ? flag : null;

    private static string? At(DatasetRow row, IReadOnlyList<string> names, int index) => names.FirstOrDefault(row.Has) is not { } name ? null
        : row.Texts(name) is { } list ? (index < list.Count ? list[index] : null) : row.Text(name);

    private static string? Text(DatasetRow row, IReadOnlyList<string> names) => row.Find(null, names) is { } name ? row.Text(name) : null;
}
