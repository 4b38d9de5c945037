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

    // GGUF's words for the roles; "seperator" is how the format spells it.
    private static readonly (string Role, string Key)[] SpecialKeys =
    [
        ("bos", "bos"), ("eos", "eos"), ("unk", "unknown"), ("sep", "seperator"), ("pad", "padding"), ("cls", "cls"), ("mask", "mask"),
    ];

    /// <summary>Appends the keys.</summary>
    /// <param name="metadata">Receives the keys.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="rows">Rows of the embedding: the file must have exactly that many tokens.</param>
    /// <exception cref="InputException">The tokenizer does not fit the embedding, or llama.cpp cannot reproduce it.</exception>
    public static void Append(GgufMetadata metadata, TokenizerFiles tokenizer, int rows)
    {
        (string[] tokens, int[] types) = Tokens(tokenizer, rows);
        metadata.Add("tokenizer.ggml.model", "gpt2");
        metadata.Add("tokenizer.ggml.pre", PreTokenizers.Name(tokenizer));
        metadata.Add("tokenizer.ggml.tokens", tokens);
        metadata.Add("tokenizer.ggml.token_type", types);
        metadata.Add("tokenizer.ggml.merges", tokenizer.Merges.Select(merge => $"{NoSpace(merge.Left)} {NoSpace(merge.Right)}").ToArray());
        foreach ((string role, string key) in SpecialKeys)
        {
            if (!tokenizer.SpecialIds.TryGetValue(role, out int id)) continue;
            if (id < 0 || id >= rows) throw new InputException($"{tokenizer.Path}: the {role} token has id {id}, the embedding has {rows} rows", "use the tokenizer that belongs to these weights");
            metadata.Add($"tokenizer.ggml.{key}_token_id", (uint)id);
        }
        metadata.Add("tokenizer.ggml.add_bos_token", tokenizer.AddBos);
        metadata.Add("tokenizer.ggml.add_eos_token", tokenizer.AddEos);
        AppendChatTemplates(metadata, tokenizer);
    }

    private static (string[] Tokens, int[] Types) Tokens(TokenizerFiles tokenizer, int rows)
    {
        int largest = tokenizer.Vocabulary.Keys.Concat(tokenizer.AddedTokens.Select(token => token.Id)).DefaultIfEmpty(-1).Max();
        if (largest >= rows)
        {
            throw new InputException($"{tokenizer.Path}: token ids go up to {largest}, but the embedding has {rows} rows",
                "resize the model's embedding to the tokenizer before training, or use the tokenizer that belongs to these weights");
        }
        var tokens = new string[rows];
        var types = new int[rows];
        foreach ((int id, string text) in tokenizer.Vocabulary) (tokens[id], types[id]) = (text, Normal);
        foreach (AddedToken token in tokenizer.AddedTokens)
        {
            if (token.Id < 0) throw new InputException($"{tokenizer.Path}: added token `{token.Content}` has a negative id", "restore the tokenizer that belongs to these weights");
            (tokens[token.Id], types[token.Id]) = (token.Content, IsControl(token) ? Control : UserDefined);
        }
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (int id = 0; id < rows; id++)
        {
            if (tokens[id] is null) (tokens[id], types[id]) = ($"[PAD{id}]", Unused);
            if (!seen.Add(tokens[id])) throw new InputException($"{tokenizer.Path}: two tokens have the text `{tokens[id]}`", "restore the tokenizer that belongs to these weights");
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

    private static void AppendChatTemplates(GgufMetadata metadata, TokenizerFiles tokenizer)
    {
        if (tokenizer.ChatTemplates.TryGetValue("default", out string? main)) metadata.Add("tokenizer.chat_template", main);
        string[] others = [.. tokenizer.ChatTemplates.Keys.Where(name => name != "default").Order(StringComparer.Ordinal)];
        if (others.Length == 0) return;
        metadata.Add("tokenizer.chat_templates", others);
        foreach (string name in others) metadata.Add($"tokenizer.chat_template.{name}", tokenizer.ChatTemplates[name]);
    }
}
