using Distill.Chat;

namespace Distill.Diagnosis.Checks;

/// <summary>
/// Whether all files agree on the token that ends a completion. Training puts the tokenizer's end-of-sequence token behind every
/// completion; a runtime that does not stop there goes on for ever.
/// </summary>
internal sealed class EndOfSequenceCheck : ICheck
{
    private const string Endless = "a student learns to end with the tokenizer's token, and a runtime that reads this file does not stop there: completions never end";

    public string Name => "eos";

    public IEnumerable<Finding> Look(Patient patient)
    {
        ModelFolder model = patient.Model;
        if (model.Tokenizer.Value is not { } tokenizer) yield break;
        if (tokenizer.EosTokenId is not { } eos)
        {
            yield return new(Name, Severity.Error, model.Place(ModelFolder.TokenizerConfigFile, "eos_token"), "names no end-of-sequence token", "a student never learns to stop",
                "set `eos_token` to the token that ends an assistant turn");
            yield break;
        }
        foreach ((string file, IReadOnlyList<int>? ids) in new[] { (ModelFolder.ConfigFile, model.ConfigEos), (ModelFolder.GenerationFile, model.GenerationEos) })
        {
            if (ids is null || ids.Contains(eos)) continue;
            yield return new(Name, Severity.Error, model.Place(file, "eos_token_id"), $"is {string.Join(", ", ids.Select(model.Name))}, the tokenizer ends with {model.Name(eos)}",
                Endless, $"add {eos} to `eos_token_id`, or correct `eos_token` in {ModelFolder.TokenizerConfigFile}");
        }
        if (!patient.TokenizerOnly && model is { ConfigEos: null, GenerationEos: null, Config.Problem: null, Generation.Problem: null })
            yield return new(Name, Severity.Warning, model.Place(ModelFolder.ConfigFile, "eos_token_id"), $"is missing, and {ModelFolder.GenerationFile} has none either",
                "transformers and ONNX Runtime GenAI do not look into the tokenizer: completions never end there", $"set `eos_token_id` to {eos} in both files");
        foreach (int id in model.StopTokens.Where(id => tokenizer.TokenText(id).Length == 0))
            yield return new(Name, Severity.Warning, model.Place(model.ConfigEos?.Contains(id) == true ? ModelFolder.ConfigFile : ModelFolder.GenerationFile, "eos_token_id"),
                $"names {id}, which the tokenizer does not have", "the entry is dead, and belongs to another tokenizer", "remove it, or use the tokenizer that belongs to these weights");
        if (TurnEnd(model, tokenizer, eos) is { } turn) yield return turn;
    }

    // What the template writes behind an assistant's answer is what tools learn that train on whole conversations.
    private Finding? TurnEnd(ModelFolder model, ModelTokenizer tokenizer, int eos)
    {
        if (Rendered(model) is not { } text || text.LastIndexOf(Conversation.Answer, StringComparison.Ordinal) is not (>= 0 and var at)) return null;
        string behind = text[(at + Conversation.Answer.Length)..];
        int[] ids = tokenizer.Encode(behind.TrimStart());
        if (ids.Length == 0 || tokenizer.Definition.AddedTokens.All(token => token.Id != ids[0]))
        {
            return new(Name, Severity.Warning, model.TemplatePlace, "writes no token behind an assistant's answer", "in later turns the student sees answers without an end, unlike the one that it learns to write",
                $"write `eos_token` ({model.Name(eos)}) behind an assistant's message");
        }
        return model.StopTokens.Contains(ids[0]) ? null : new(Name, Severity.Warning, model.TemplatePlace,
            $"ends an assistant's turn with {model.Name(ids[0])}, which no file names as end of sequence; the tokenizer's is {model.Name(eos)}",
            $"distill trains the tokenizer's token and is not affected; a student of tools that train on whole conversations writes {tokenizer.TokenText(ids[0])} and is not stopped",
            $"set `eos_token` to `{tokenizer.TokenText(ids[0])}` in {ModelFolder.TokenizerConfigFile}, and add {ids[0]} to `eos_token_id` in {ModelFolder.ConfigFile} and {ModelFolder.GenerationFile}");
    }

    private static string? Rendered(ModelFolder model) =>
        model.Template.Value is { } template ? new Part<string>(() => Conversation.Finished(template, tagged: false)).Value : null;
}
