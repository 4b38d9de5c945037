using Distill.Chat;
using Distill.Models;
using Distill.Runs;
using Distill.Weights;

namespace Distill.Export.Gguf;

/// <summary>The tokenizer's keys of a GGUF file.</summary>
internal static class GgufTokenizerMetadata
{
    private const int Normal = 1;
    private const int Control = 3;
    private const int UserDefined = 4;
    private const int Unused = 5;

    /// <summary>Appends the keys.</summary>
    /// <param name="metadata">Receives the keys.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="config">The model: the file must have exactly as many tokens as its embedding has rows.</param>
    /// <param name="chatTemplate">The chat template, if there is one.</param>
    /// <param name="path">The model folder, for messages.</param>
    /// <param name="preTokenizer">The name that the user gives the way of splitting text, or null to recognise it.</param>
    /// <exception cref="InputException">The tokenizer does not fit the embedding, or llama.cpp cannot reproduce it.</exception>
    public static void Append(GgufMetadata metadata, ModelTokenizer tokenizer, ModelConfig config, string? chatTemplate, string path, string? preTokenizer = null)
    {
        TokenizerDefinition definition = tokenizer.Definition;
        string pre = preTokenizer ?? PreTokenizerNames.Find(definition)
            ?? throw new InputException($"{path}: llama.cpp has no pre-tokenizer for the split patterns of tokenizer.json",
                $"known are {string.Join(", ", PreTokenizerNames.All)}; if one of llama.cpp's names fits, give it with `--pre`");
        (string[] tokens, int[] types) = Tokens(tokenizer, config.VocabSize, path);
        metadata.Add("tokenizer.ggml.model", "gpt2");
        metadata.Add("tokenizer.ggml.pre", pre);
        metadata.Add("tokenizer.ggml.tokens", tokens);
        metadata.Add("tokenizer.ggml.token_type", types);
        metadata.Add("tokenizer.ggml.merges", definition.Merges.Select(merge => $"{NoSpace(merge.Left)} {NoSpace(merge.Right)}").ToArray());

        // The texts in tokenizer_config.json win over the ids in config.json: R1's distilled models have a stale id there.
        AppendId(metadata, "bos", tokenizer.BosTokenId ?? config.BosTokenId, config, path);
        AppendId(metadata, "eos", tokenizer.EosTokenId ?? (config.EosTokenIds.Count > 0 ? config.EosTokenIds[0] : null), config, path);
        AppendId(metadata, "unknown", tokenizer.Config.UnkToken is { } unknown ? tokenizer.TokenId(unknown) : null, config, path);
        AppendId(metadata, "padding", tokenizer.PadTokenId ?? config.PadTokenId, config, path);
        metadata.Add("tokenizer.ggml.add_bos_token", tokenizer.AddBosToken);
        metadata.Add("tokenizer.ggml.add_eos_token", tokenizer.Config.AddEosToken ?? false);
        if (chatTemplate is not null) metadata.Add("tokenizer.chat_template", chatTemplate);
    }

    private static (string[] Tokens, int[] Types) Tokens(ModelTokenizer tokenizer, int rows, string path)
    {
        if (tokenizer.VocabularySize > rows)
        {
            throw new InputException($"{path}: the tokenizer has {tokenizer.VocabularySize} ids, but the embedding has {rows} rows",
                "resize the model's embedding to the tokenizer before training, or use the tokenizer that belongs to these weights");
        }
        var tokens = new string[rows];
        var types = new int[rows];
        var seen = new HashSet<string>(StringComparer.Ordinal);
        ILookup<int, AddedToken> added = tokenizer.Definition.AddedTokens.ToLookup(token => token.Id);
        for (int id = 0; id < rows; id++)
        {
            (tokens[id], types[id]) = added[id].LastOrDefault() is { } token ? (token.Content, IsControl(token) ? Control : UserDefined)
                : tokenizer.TokenText(id) is { Length: > 0 } text ? (text, Normal)
                : ($"[PAD{id}]", Unused);
            if (!seen.Add(tokens[id])) throw new InputException($"{path}: two tokens have the text `{tokens[id]}`", "restore the tokenizer that belongs to these weights");
        }
        return (tokens, types);
    }

    private static bool IsControl(AddedToken token) =>
        token.Special
        || (token.Content.StartsWith("<|", StringComparison.Ordinal) && token.Content.EndsWith("|>", StringComparison.Ordinal))
        || (token.Content.StartsWith("<｜", StringComparison.Ordinal) && token.Content.EndsWith("｜>", StringComparison.Ordinal))
        || token.Content is "<pad>" or "<mask>"
        || token.Content.StartsWith("<unused", StringComparison.Ordinal);

    // The two parts are told apart by the one space between them.
    private static string NoSpace(string part) => part.Replace(' ', '\u0120');

    private static void AppendId(GgufMetadata metadata, string role, int? id, ModelConfig config, string path)
    {
        if (id is null) return;
        if (id >= config.VocabSize) throw new InputException($"{path}: the {role} token has id {id}, the embedding has {config.VocabSize} rows", "use the tokenizer that belongs to these weights");
        metadata.Add($"tokenizer.ggml.{role}_token_id", (uint)id);
    }
}
