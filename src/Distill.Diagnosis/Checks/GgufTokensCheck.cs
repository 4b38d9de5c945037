using Distill.Chat;

namespace Distill.Diagnosis.Checks;

/// <summary>Whether a GGUF file cuts text into the same ids as the folder it was made from.</summary>
internal sealed class GgufTokensCheck : ICheck
{
    public string Name => "gguf-tokens";

    public IEnumerable<Finding> Look(Patient patient)
    {
        ModelFolder model = patient.Model;
        foreach (GgufCopy file in patient.Gguf.Select(part => part.Value).OfType<GgufCopy>())
        {
            if (file.EmbeddingRows is { } rows && rows != file.TokenCount)
                yield return new(Name, Severity.Error, file.Place("tokenizer.ggml.tokens"), $"lists {file.TokenCount} tokens, the embedding has {rows} rows", "llama.cpp refuses the file", "export the model again with `distill export`");
            if (model.Tokenizer.Value is not { } tokenizer || file.Tokenizer.Value is not { } copied) continue;
            foreach (Finding finding in Compare(model, tokenizer, file, copied)) yield return finding;
        }
    }

    private IEnumerable<Finding> Compare(ModelFolder model, ModelTokenizer tokenizer, GgufCopy file, ModelTokenizer copied)
    {
        // GGUF has no key for Unicode normalization, and llama.cpp does none.
        bool composes = tokenizer.Definition.Normalization != TextNormalization.None;
        ModelTokenizer expected = composes ? ModelTokenizer.FromDefinition(tokenizer.Definition with { Normalization = TextNormalization.None }, tokenizer.Config) : tokenizer;
        TokenizerComparison comparison = TokenizerComparison.Of(expected, copied);
        if (comparison.DifferentTokens > 0)
            yield return new(Name, Severity.Error, file.Place("tokenizer.ggml.tokens"), $"{comparison.DifferentTokens} tokens differ from {model.File(ModelFolder.TokenizerFile)}; {comparison.FirstToken}",
                "the model reads and writes other words than it was trained on", "export the model again, from the folder with its own tokenizer");
        else if (file.IsForeignSplit)
            yield return new(Name, Severity.Warning, file.Place("tokenizer.ggml.pre"), "is one of llama.cpp's pre-tokenizers that is not known here: how it cuts text was not compared",
                "a wrong one cuts prompts otherwise than in training, without any error", "compare some texts with llama.cpp's `llama-tokenize`");
        else if (comparison.DifferentTexts > 0)
            yield return new(Name, Severity.Error, file.Place("tokenizer.ggml.pre"), $"{comparison.DifferentTexts} of the probe texts are cut otherwise than by {model.File(ModelFolder.TokenizerFile)}; {comparison.FirstText}",
                "the model sees prompts unlike any it was trained on, without any error", "export the model again with `distill export`, which names the pre-tokenizer by its split pattern");
        else if (PreTokenizerNames.Find(tokenizer.Definition) is { } split && PreTokenizerNames.Find(copied.Definition) is { } other && split != other)
            yield return new(Name, Severity.Error, file.Place("tokenizer.ggml.pre"), $"splits text as {other} does, {model.File(ModelFolder.TokenizerFile)} as {split} does",
                "the model sees prompts unlike any it was trained on, without any error", "export the model again with `distill export`, which names the pre-tokenizer by its split pattern");
        else if (composes)
            yield return new(Name, Severity.Note, file.Place("tokenizer.ggml.pre"), "the tokenizer composes Unicode (NFC), llama.cpp does not", "letters with separate combining marks give other ids there; composed text, as nearly all text is, does not", "");
        foreach (string tag in new[] { ChatFormat.ThinkOpen, ChatFormat.ThinkClose })
        {
            if (copied.TokenId(tag) is { } id && copied.IsSpecial(id) && tokenizer.TokenId(tag) is { } own && !tokenizer.IsSpecial(own))
                yield return new(Name, Severity.Error, file.Place("tokenizer.ggml.token_type"), $"makes `{tag}` a control token", "llama.cpp does not print it, and reasoning cannot be told from the answer", "export the model again with `distill export`");
        }
        if (copied.AddBosToken != tokenizer.AddBosToken)
            yield return new(Name, Severity.Warning, file.Place("tokenizer.ggml.add_bos_token"), $"is {(copied.AddBosToken ? "true" : "false")}, the model folder says otherwise", "text that is not rendered by the chat template begins otherwise than in other runtimes", "export the model again with `distill export`");
    }
}
