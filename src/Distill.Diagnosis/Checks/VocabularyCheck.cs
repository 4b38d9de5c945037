using System.Globalization;
using System.Text.Json.Nodes;

namespace Distill.Diagnosis.Checks;

/// <summary>Whether every token has a row in the embedding (more rows than tokens are padding, and common), and both files of the tokenizer the same tokens.</summary>
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
        if (OtherTokens(model) is { } told) yield return told;
        if (patient.TokenizerOnly || model.Tokenizer.Value is not { } tokenizer || (rows ?? configured) is not { } available || tokenizer.VocabularySize <= available) yield break;
        int without = (int)(tokenizer.VocabularySize - available);
        yield return new(Name, Severity.Error, model.File(ModelFolder.TokenizerFile), $"has ids up to {model.Name(tokenizer.VocabularySize - 1)}, the embedding has {available} rows",
            $"{without} tokens have no row; a text with one of them stops training, and llama.cpp refuses the file", "use the tokenizer that belongs to these weights, or resize the embedding before training");
    }

    private Finding? OtherTokens(ModelFolder model)
    {
        if (model.Tokenizer.Value is not { } tokenizer || model.TokenizerConfig.Value?["added_tokens_decoder"] is not JsonObject stated) return null;
        (string Id, string? Text)[] other = [.. stated.Select(token => (token.Key, Text: (token.Value as JsonObject)?["content"]?.ToString()))
            .Where(token => token.Text is not null && int.TryParse(token.Key, CultureInfo.InvariantCulture, out int id) && tokenizer.TokenText(id) != token.Text)];
        return other is not [var (first, text), ..] ? null : new(Name, Severity.Warning, model.Place(ModelFolder.TokenizerConfigFile, "added_tokens_decoder"),
            $"names {(other.Length == 1 ? "a token" : $"{other.Length} tokens")} otherwise than {ModelFolder.TokenizerFile}; the first is {first} ({text}), there {(tokenizer.TokenText(int.Parse(first, CultureInfo.InvariantCulture)) is { Length: > 0 } there ? $"`{there}`" : "no token")}",
            "transformers and vLLM add these tokens, distill and llama.cpp's runtimes do not know them: the same text has other ids there", $"let transformers save the tokenizer again, so that {ModelFolder.TokenizerFile} has them");
    }
}
