using Distill.Chat;

namespace Distill.Diagnosis;

/// <summary>A canonical trace, rendered as training and other tools render it. Its words occur in no template.</summary>
internal static class Conversation
{
    public const string Question = "What is 6 times 7, zebra?", Reasoning = "Six sevens, xylophone, are 42.", Answer = "It is 42, walrus.", Next = "And plus one, quokka?";

    private static readonly Message Asked = new(MessageRole.User, Question);

    /// <summary>The prompt of a completion.</summary>
    public static string Prompt(ChatTemplate template) => template.Render([Asked], addGenerationPrompt: true);

    /// <summary>What the student learns: prompt and completion, the end-of-sequence token apart.</summary>
    public static string Training(ChatTemplate template) => Prompt(template) + ReasoningSplit.Join(Reasoning, Answer, template.StartsInReasoning);

    /// <summary>A finished turn, as tools render it that train on whole conversations.</summary>
    /// <param name="template">The template.</param>
    /// <param name="tagged">Whether the reasoning stands in the content, between tags, and not in a field of its own.</param>
    public static string Finished(ChatTemplate template, bool tagged) => template.Render(
        [Asked, tagged ? new Message(MessageRole.Assistant, ReasoningSplit.Join(Reasoning, Answer, startsInReasoning: false)) : new Message(MessageRole.Assistant, Answer, Reasoning)],
        addGenerationPrompt: false);

    /// <summary>A turn without reasoning, and a second prompt behind it.</summary>
    public static string SecondPrompt(ChatTemplate template) =>
        template.Render([Asked, new Message(MessageRole.Assistant, Answer), new Message(MessageRole.User, Next)], addGenerationPrompt: true);

    /// <summary>Number of times that a text holds another.</summary>
    public static int Count(string text, string part) => text.Split(part).Length - 1;
}
