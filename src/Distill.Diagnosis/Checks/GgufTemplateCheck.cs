using Distill.Chat;

namespace Distill.Diagnosis.Checks;

/// <summary>Whether a GGUF file carries the chat template that the student was trained with.</summary>
internal sealed class GgufTemplateCheck : ICheck
{
    private const string Key = "tokenizer.chat_template";

    public string Name => "gguf-template";

    public IEnumerable<Finding> Look(Patient patient)
    {
        ModelFolder model = patient.Model;
        if (model.Template.Value is not { } template || new Part<string>(() => Conversation.Prompt(template)).Value is not { } expected) yield break;
        foreach (GgufCopy file in patient.Gguf.Select(part => part.Value).OfType<GgufCopy>())
        {
            if (file.Template.Problem is { } problem)
                yield return new(Name, Severity.Error, file.Place(Key), problem.Message.Split(": ", 2)[^1], "no runtime can render a prompt", "export the model again with `distill export`");
            else if (file.Template.Value is not { } copied)
                yield return new(Name, Severity.Error, file.Place(Key), "is missing", "runtimes fall back to a format of their own: gibberish, or answers without end", "export the model again, from the folder with its chat template");
            else if (Difference(template, copied, expected) is { } found)
                yield return new(Name, Severity.Error, file.Place(Key), $"renders `{found}`, the model folder `{expected}`", "the model is asked in another form than it was trained on", "export the model again, from the folder with its own chat template");
        }
    }

    private static string? Difference(ChatTemplate template, ChatTemplate copied, string expected)
    {
        if (copied.Source == template.Source) return null;
        var rendered = new Part<string>(() => Conversation.Prompt(copied));
        string found = rendered.Value ?? rendered.Problem!.Message;
        return found == expected && new Part<string>(() => Conversation.SecondPrompt(copied)).Value == new Part<string>(() => Conversation.SecondPrompt(template)).Value ? null : found;
    }
}
