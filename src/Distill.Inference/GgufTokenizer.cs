using Distill.Chat;
using Distill.Runs;
using Distill.Weights;

namespace Distill.Inference;

/// <summary>The tokenizer and chat template inside a GGUF file.</summary>
public static class GgufTokenizer
{
    private const int Normal = 1;
    private const int Control = 3;
    private const int UserDefined = 4;

    /// <summary>Reads a byte-level tokenizer; its <see cref="TokenizerConfig.ChatTemplate"/> is the file's.</summary>
    /// <param name="file">The file.</param>
    /// <param name="otherSplit">The known pre-tokenizer to split with where llama.cpp has one that is not known here; null refuses such a file.</param>
    /// <exception cref="InputException">The file has none, or one of another kind.</exception>
    public static ModelTokenizer Read(GgufReader file, string? otherSplit = null)
    {
        GgufMetadata metadata = file.Metadata;
        string model = metadata.GetString("tokenizer.ggml.model"), pre = metadata.FindString("tokenizer.ggml.pre") ?? "default";
        if (model != "gpt2") throw new InputException($"{file.Path}: tokenizer `{model}` is not byte-level BPE", "only tokenizers of the Qwen, Llama 3 and DeepSeek kind can be read");
        string split = otherSplit is not null && IsForeign(file) ? otherSplit : pre;
        if (!PreTokenizerNames.TryGet(split, out IReadOnlyList<SplitPattern>? patterns, out bool ignoreMerges))
            throw new InputException($"{file.Path}: pre-tokenizer `{pre}` is not known", $"known are {string.Join(", ", PreTokenizerNames.All)}");

        string[] tokens = metadata.GetArray<string>("tokenizer.ggml.tokens");
        int[] types = metadata.FindArray<int>("tokenizer.ggml.token_type") ?? [.. Enumerable.Repeat(Normal, tokens.Length)];
        if (types.Length != tokens.Length) throw new InputException($"{file.Path}: {tokens.Length} tokens have {types.Length} types", "export the model again");
        var definition = new TokenizerDefinition
        {
            Tokens = [.. tokens.Zip(types, (token, type) => type == Normal ? token : null)],
            AddedTokens = [.. Enumerable.Range(0, tokens.Length).Where(id => types[id] is Control or UserDefined).Select(id => new AddedToken(id, tokens[id], types[id] == Control))],
            Merges = [.. metadata.GetArray<string>("tokenizer.ggml.merges").Select(merge => Merge(file.Path, merge))],
            SplitPatterns = patterns,
            IgnoreMerges = ignoreMerges,
        };
        string? Token(string role) => metadata.FindCount($"tokenizer.ggml.{role}_token_id") is { } id && id < tokens.Length ? tokens[id] : null;
        var config = new TokenizerConfig
        {
            BosToken = Token("bos"),
            EosToken = Token("eos"),
            PadToken = Token("padding"),
            UnkToken = Token("unknown"),
            AddBosToken = metadata.FindBool("tokenizer.ggml.add_bos_token") ?? ignoreMerges, // llama.cpp's own default
            AddEosToken = metadata.FindBool("tokenizer.ggml.add_eos_token"),
            ChatTemplate = metadata.FindString("tokenizer.chat_template"),
        };
        return ModelTokenizer.FromDefinition(definition, config);
    }

    /// <summary>Whether llama.cpp splits the file's text in a way that is not known here.</summary>
    public static bool IsForeign(GgufReader file) =>
        file.Metadata.FindString("tokenizer.ggml.pre") is { } pre && !PreTokenizerNames.TryGet(pre, out _, out _) && PreTokenizerNames.IsKnownToLlamaCpp(pre);

    private static TokenMerge Merge(string path, string merge) =>
        merge.Split(' ') is [var left, var right] ? new TokenMerge(left, right) : throw new InputException($"{path}: merge `{merge}` has not two parts", "export the model again");
}
