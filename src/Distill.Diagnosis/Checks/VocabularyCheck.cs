namespace Distill.Diagnosis.Checks;

/// <summary>Whether every token has a row in the embedding. More rows than tokens are padding, and common.</summary>
internal sealed class VocabularyCheck : ICheck
{
    public string Name => "vocabulary";

    public IEnumerable<Finding> Look(Patient patient)
    {
        ModelFolder model = patient.Model;
        int? configured = TokenIds.Number(model.Config.Value?["vocab_size"]);
        long? rows = model.EmbeddingShape.Value is [var first, _] ? first : null;
        if (configured is { } size && rows is { } real && size != real)
            yield return new(Name, Severity.Error, model.Place(ModelFolder.ConfigFile, "vocab_size"), $"is {size}, the embedding of the weights has {real} rows", "the model cannot be loaded", $"set `vocab_size` to {real}, or restore the config.json that belongs to these weights");
        if (patient.TokenizerOnly || model.Tokenizer.Value is not { } tokenizer || (rows ?? configured) is not { } available || tokenizer.VocabularySize <= available) yield break;
        int without = (int)(tokenizer.VocabularySize - available);
        yield return new(Name, Severity.Error, model.File(ModelFolder.TokenizerFile), $"has ids up to {model.Name(tokenizer.VocabularySize - 1)}, the embedding has {available} rows",
            $"{without} tokens have no row; a text with one of them stops training, and llama.cpp refuses the file", "use the tokenizer that belongs to these weights, or resize the embedding before training");
    }
}
