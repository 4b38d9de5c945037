using Distill.Chat;
using Distill.Runs;

namespace Distill.Prompts;

/// <summary>What a row of a dataset says, before the rules that make a prompt of it.</summary>
internal sealed record PromptFields
{
    /// <summary>File and line, for errors.</summary>
    public required string Where { get; init; }

    /// <summary>The row's own name.</summary>
    public string? Id { get; init; }

    /// <summary>The problem as a conversation.</summary>
    public IReadOnlyList<Message>? Messages { get; init; }

    /// <summary>The problem as a text.</summary>
    public string? Text { get; init; }

    /// <summary>What the text refers to and stands before it: a passage, the body of a word problem.</summary>
    public string? Context { get; init; }

    /// <summary>Alpaca's further input of an instruction, which stands after it.</summary>
    public string? Input { get; init; }

    /// <summary>The reference answer, perhaps with its reasoning before it.</summary>
    public string? Answer { get; init; }

    /// <summary>A worked solution.</summary>
    public string? Solution { get; init; }

    /// <summary>Where the row comes from.</summary>
    public string? Source { get; init; }

    /// <summary>Checks of completions, as JSON.</summary>
    public string? Tests { get; init; }

    /// <summary>Answers to choose from.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>The verifier that the row asks for.</summary>
    public string? Verifier { get; init; }

    /// <summary>Makes the prompt.</summary>
    /// <param name="map">The names that were asked for, for errors.</param>
    /// <param name="fallbackSource">Source of rows that name none.</param>
    /// <param name="answerRequired">Whether a row without reference answer is an error.</param>
    /// <param name="answerFromConversation">Whether the last assistant turn counts as a worked solution.</param>
    /// <param name="promptRequired">Whether a row without a problem is an error.</param>
    /// <exception cref="InputException">Problem or reference answer are missing.</exception>
    public Prompt ToPrompt(ColumnMap map, string fallbackSource, bool answerRequired, bool answerFromConversation = true, bool promptRequired = true)
    {
        (List<Message> messages, string? written) = MessagesOf(map, promptRequired);
        (string? answer, string? reasoning) = AnswerOf(answerFromConversation ? written : null);
        if (string.IsNullOrEmpty(answer))
        {
            if (answerRequired)
            {
                throw new InputException($"{Where}: key `{map.Answer ?? "answer"}` is missing",
                    $"add `{map.Answer ?? "answer"}`, or pass `--verify none` to keep unverified traces");
            }
            answer = null;
        }
        return new Prompt
        {
            Id = string.IsNullOrEmpty(Id) ? Hash(messages, answer) : Id,
            Messages = messages,
            ReferenceAnswer = answer,
            ReferenceReasoning = reasoning,
            Source = string.IsNullOrEmpty(Source) ? fallbackSource : Source,
            Tests = Tests,
            Choices = Choices,
            Verifier = Verifier,
        };
    }

    // A conversation may end with the answer that was given: it belongs to the solution, not to what a model is shown.
    private (List<Message> Messages, string? Written) MessagesOf(ColumnMap map, bool required)
    {
        List<Message> messages = Messages?.ToList() ?? [new Message(MessageRole.User,
            Text is null ? "" : string.Join("\n\n", new[] { Context, Text, Input }.Where(part => !string.IsNullOrWhiteSpace(part))))];
        string? written = null;
        while (messages.Count > 0 && messages[^1].Role == MessageRole.Assistant)
        {
            written = messages[^1].Content;
            messages.RemoveAt(messages.Count - 1);
        }
        if (required && !messages.Exists(message => message.Role == MessageRole.User && !string.IsNullOrWhiteSpace(message.Content)))
        {
            bool present = Text is not null || Messages is not null;
            throw new InputException($"{Where}: key `{map.Prompt ?? "prompt"}` is {(present ? "empty" : "missing")}",
                $"the problem is looked for under {string.Join(", ", ColumnMap.PromptNames.Select(name => $"`{name}`"))}");
        }
        return (messages, written);
    }

    private (string? Answer, string? Reasoning) AnswerOf(string? written)
    {
        string? solution = string.IsNullOrWhiteSpace(Solution) ? written : Solution;
        if (string.IsNullOrWhiteSpace(Answer)) return (solution is null ? null : WorkedSolution.AnswerOf(solution), solution);
        (string answer, string? reasoning) = WorkedSolution.Split(Answer);
        return (answer, solution ?? reasoning);
    }

    // The same as Prompt.FromUser for one user message, so that a problem keeps its id in every format.
    private static string Hash(List<Message> messages, string? answer) => messages is [{ Role: MessageRole.User } only]
        ? Fingerprint.OfTexts(only.Content, answer ?? "")[..16]
        : Fingerprint.OfTexts([.. messages.SelectMany(message => new[] { message.Role.ToString(), message.Content }), answer ?? ""])[..16];
}
