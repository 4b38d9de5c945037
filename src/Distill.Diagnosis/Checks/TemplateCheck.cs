using Distill.Chat;
using Distill.Runs;

namespace Distill.Diagnosis.Checks;

/// <summary>Whether the chat template renders what training and chat give it, and loses nothing of it.</summary>
internal sealed class TemplateCheck : ICheck
{
    public string Name => "template";

    public IEnumerable<Finding> Look(Patient patient)
    {
        ModelFolder model = patient.Model;
        if (model.Template.Value is not { } template) yield break;
        if (model.Tokenizer.Value?.Config.ChatTemplate is { } other && other.TrimEnd() != template.Source.TrimEnd())
            yield return new(Name, Severity.Warning, model.Place(ModelFolder.TokenizerConfigFile, "chat_template"), $"is another template than {model.File(ModelFolder.TemplateFile)}",
                "transformers, vLLM and distill take the file, llama.cpp's converter and older tools this key: they ask the model in different forms", "keep the template that the model was trained with, and remove the other");
        var prompt = new Part<string>(() => Conversation.Prompt(template));
        if (prompt.Problem is { } refused)
        {
            yield return Broken(model, refused, Severity.Error, "no prompt can be made");
            yield break;
        }
        if (!prompt.Value!.Contains(Conversation.Question, StringComparison.Ordinal))
        {
            yield return new(Name, Severity.Error, model.TemplatePlace, "leaves the user's message out of the prompt", "the student learns answers to questions that it does not see", "use the template that belongs to this model");
            yield break;
        }
        var unprompted = new Part<string>(() => template.Render([new Message(MessageRole.User, Conversation.Question)], addGenerationPrompt: false));
        if (prompt.Value == unprompted.Value)
            yield return new(Name, Severity.Warning, model.TemplatePlace, "knows no generation prompt", "the prompt ends behind the user's message, and the student has to begin the assistant's turn itself", "write the beginning of an assistant turn if `add_generation_prompt` is set");
        var second = new Part<string>(() => Conversation.SecondPrompt(template));
        if (second.Problem is { } refusedTurn)
            yield return Broken(model, refusedTurn, Severity.Warning, "there can be no second turn");
        else if (!second.Value!.Contains(Conversation.Answer, StringComparison.Ordinal))
            yield return new(Name, Severity.Warning, model.TemplatePlace, "leaves earlier answers out of the prompt", "in a conversation the model does not know what it has said", "use the template that belongs to this model");
        var system = new Part<string>(() => template.Render([new Message(MessageRole.System, "Be brief, marmot."), new Message(MessageRole.User, Conversation.Question)], addGenerationPrompt: true));
        if (system.Value?.Contains("marmot", StringComparison.Ordinal) != true)
            yield return new(Name, Severity.Note, model.TemplatePlace, system.Problem is null ? "leaves system messages out" : "refuses system messages", "prompts with instructions in a system message cannot be used as they are", "put instructions into the user's message");
    }

    private Finding Broken(ModelFolder model, InputException refused, Severity severity, string consequence) =>
        new(Name, severity, model.TemplatePlace, refused.Message.Split(": ", 2)[^1], consequence, refused.Hint ?? "correct the chat template");
}
