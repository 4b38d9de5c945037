using Distill.Chat;
using Distill.Runs;

namespace Distill.Prompts;

/// <summary>A problem: the messages shown to the model and the reference answer.</summary>
public sealed record Prompt
{
    /// <summary>Identity: a content hash of messages and reference answer unless the dataset names one.</summary>
    public required string Id { get; init; }

    /// <summary>What the model is shown.</summary>
    public required IReadOnlyList<Message> Messages { get; init; }

    /// <summary>The gold answer, or null when there is none to check against.</summary>
    public string? ReferenceAnswer { get; init; }

    /// <summary>A worked solution in the dataset, where it has one; never shown to the model.</summary>
    public string? ReferenceReasoning { get; init; }

    /// <summary>Answers to choose from, where it is a multiple-choice problem; empty otherwise.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>
    /// What a completion is checked with beside the reference answer, as a JSON object of the row's own columns: unit tests, IFEval's
    /// instructions, a pattern. Null when there is nothing of the kind.
    /// </summary>
    public string? Tests { get; init; }

    /// <summary>The verifier that the row itself asks for, by name; null leaves the choice to the stage.</summary>
    public string? Verifier { get; init; }

    /// <summary>Where it comes from, e.g. <c>arithmetic/basic</c> or <c>gsm8k</c>.</summary>
    public string Source { get; init; } = "";

    /// <summary>Makes a prompt of one user message, identified by its content.</summary>
    public static Prompt FromUser(string text, string? referenceAnswer, string source = "", string? referenceReasoning = null) => new()
    {
        Id = Fingerprint.OfTexts(text, referenceAnswer ?? "")[..16],
        Messages = [new Message(MessageRole.User, text)],
        ReferenceAnswer = referenceAnswer,
        ReferenceReasoning = referenceReasoning,
        Source = source,
    };
}
