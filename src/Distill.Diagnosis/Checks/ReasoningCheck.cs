using Distill.Chat;

namespace Distill.Diagnosis.Checks;

/// <summary>
/// Whether reasoning stands once, between one opening and one closing tag, in what a student learns; and what becomes of it where
/// other tools render a whole conversation. That earlier turns lose their reasoning is as it should be.
/// </summary>
internal sealed class ReasoningCheck : ICheck
{
    private const string Open = ChatFormat.ThinkOpen, Close = ChatFormat.ThinkClose;

    public string Name => "think";

    public IEnumerable<Finding> Look(Patient patient)
    {
        ModelFolder model = patient.Model;
        if (model.Tokenizer.Value is { } tokenizer)
        {
            foreach (string tag in new[] { Open, Close }.Where(tag => tokenizer.TokenId(tag) is { } id && tokenizer.IsSpecial(id)))
                yield return new(Name, Severity.Error, model.Place(ModelFolder.TokenizerFile, "added_tokens"), $"marks `{tag}` as special",
                    "decoded completions lose the tag, and reasoning cannot be told from the answer", $"set `special` to false for `{tag}`");
            if (tokenizer.TokenId(Open) is null != tokenizer.TokenId(Close) is null)
                yield return new(Name, Severity.Warning, model.Place(ModelFolder.TokenizerFile, "added_tokens"), $"has only one of `{Open}` and `{Close}`",
                    "one tag is a token and the other is spelled out; a student learns them as unlike things", "add both, or neither");
        }
        if (model.Template.Value is not { } template || new Part<string>(() => Conversation.Training(template)).Value is not { } training) yield break;
        if (Trained(model, training) is { } wrong) yield return wrong;
        else if (template.StartsInReasoning)
            yield return new(Name, Severity.Note, model.TemplatePlace, $"ends the prompt inside `{Open}`", $"completions begin with the reasoning and hold only `{Close}`; distill knows, other readers may look for both tags", "");
        if (WholeConversation(model, template) is { } lost) yield return lost;
        if (History(model, template) is { } open) yield return open;
    }

    private Finding? Trained(ModelFolder model, string training)
    {
        string turn = After(training, Conversation.Question);
        int opened = Conversation.Count(turn, Open), closed = Conversation.Count(turn, Close);
        bool inOrder = opened == 1 && closed == 1 && turn.IndexOf(Open, StringComparison.Ordinal) < turn.IndexOf(Conversation.Reasoning, StringComparison.Ordinal);
        if (inOrder) return null;
        string prompt = turn.Split(Conversation.Reasoning)[0];
        return new(Name, Severity.Error, model.TemplatePlace, $"writes {(opened > 1 ? $"`{Open}` where the completion opens its reasoning itself" : "think tags in another order than completions have")}: `{prompt}`",
            $"the student learns a turn with {opened} `{Open}` and {closed} `{Close}`, and writes such turns", $"let the generation prompt end with `{Open}` and a line end, or leave the tags to the completion");
    }

    // Either way of giving the reasoning will do; what counts is that a tool can train on it.
    private Finding? WholeConversation(ModelFolder model, ChatTemplate template)
    {
        string[] turns = [.. new[] { true, false }.Select(tagged => new Part<string>(() => Conversation.Finished(template, tagged)).Value).OfType<string>().Select(text => After(text, Conversation.Question))];
        if (turns.Length == 0 || turns.Any(IsWhole)) return null;
        if (turns.FirstOrDefault(turn => Conversation.Count(turn, Open) > 1) is { } doubled)
            return new(Name, Severity.Warning, model.TemplatePlace, $"writes `{Open}` a second time around a finished answer that has it: `{doubled.Split(Conversation.Reasoning)[0]}`",
                "distill joins prompt and completion itself and is not affected; tools that train on rendered conversations teach the student to open its reasoning twice", $"write `{Open}` only in the generation prompt");
        return new(Name, Severity.Note, model.TemplatePlace, "drops the reasoning of the last turn when a finished conversation is rendered",
            "distill joins prompt and completion itself and is not affected; tools that train on rendered conversations teach the student not to reason", "train with distill, or give the other tool a template that keeps the last turn whole");
    }

    private Finding? History(ModelFolder model, ChatTemplate template)
    {
        if (new Part<string>(() => Conversation.SecondPrompt(template)).Value is not { } text) return null;
        string first = After(text, Conversation.Question).Split(Conversation.Next)[0];
        int opened = Conversation.Count(first, Open), closed = Conversation.Count(first, Close);
        return opened == closed ? null : new(Name, Severity.Warning, model.TemplatePlace, $"renders an earlier answer with {opened} `{Open}` and {closed} `{Close}`",
            "from the second turn on the model sees answers inside unfinished reasoning", "write both tags around earlier reasoning, or none");
    }

    private static bool IsWhole(string turn) => Conversation.Count(turn, Open) == 1 && Conversation.Count(turn, Close) == 1
        && turn.Contains(Conversation.Reasoning, StringComparison.Ordinal) && turn.Contains(Conversation.Answer, StringComparison.Ordinal);

    private static string After(string text, string part)
    {
        int at = text.LastIndexOf(part, StringComparison.Ordinal);
        return at < 0 ? text : text[(at + part.Length)..];
    }
}
