namespace Distill.Diagnosis.Checks;

/// <summary>Whether a prompt begins with one beginning-of-sequence token and not with two.</summary>
internal sealed class BeginOfSequenceCheck : ICheck
{
    public string Name => "bos";

    public IEnumerable<Finding> Look(Patient patient)
    {
        ModelFolder model = patient.Model;
        if (model.Tokenizer.Value is not { BosTokenId: { } bos } tokenizer || model.Template.Value is not { } template) yield break;
        if (new Part<string>(() => Conversation.Prompt(template)).Value is not { } prompt) yield break;
        int written = Leading(tokenizer.Encode(prompt), bos), added = Leading(tokenizer.Encode(prompt, addSpecialTokens: true), bos);
        if (written > 1)
        {
            yield return new(Name, Severity.Error, model.TemplatePlace, $"begins a prompt with {written} times {model.Name(bos)}",
                "the student learns to expect them all, and runtimes that remove doubles give it another prompt", "write `bos_token` once");
        }
        else if (added > 1)
        {
            bool isProcessor = tokenizer.Definition.TemplatePrefix.Count > 0;
            string key = isProcessor ? model.Place(ModelFolder.TokenizerFile, "post_processor") : model.Place(ModelFolder.TokenizerConfigFile, "add_bos_token");
            yield return new(Name, Severity.Warning, key, $"adds {model.Name(bos)} in front, and the chat template writes it too",
                "distill adds nothing to a rendered prompt and is not affected; tools that tokenize rendered text as any other text, and older llama.cpp, begin with two",
                $"set `add_bos_token` to false in {ModelFolder.TokenizerConfigFile}{(isProcessor ? $" and take the token out of `post_processor` in {ModelFolder.TokenizerFile}: tools read either" : "")}, or let the template leave it out");
        }
    }

    private static int Leading(int[] ids, int bos) => ids.TakeWhile(id => id == bos).Count();
}
