using System.Text.Json.Nodes;
using Distill.Chat;
using Distill.Runs;

namespace Distill.Inference;

/// <summary>How a model is talked to.</summary>
/// <param name="Tokenizer">Text to tokens and back.</param>
/// <param name="Template">Messages to text.</param>
/// <param name="StopTokens">Tokens that end a completion.</param>
public sealed record ModelChat(ModelTokenizer Tokenizer, ChatTemplate Template, IReadOnlySet<int> StopTokens)
{
    /// <summary>Reads tokenizer, template and stop tokens of a model folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="configured">End-of-sequence tokens of <c>config.json</c>; those of <c>generation_config.json</c> and the tokenizer are added.</param>
    /// <exception cref="InputException">A file is missing or damaged, or nothing says when to stop.</exception>
    public static ModelChat Load(string folder, IReadOnlyList<int> configured)
    {
        ModelTokenizer tokenizer = ModelTokenizer.Load(folder);
        HashSet<int> stops = [.. configured, .. GenerationStops(Path.Combine(folder, "generation_config.json"))];
        if (tokenizer.EosTokenId is { } end) stops.Add(end);
        if (stops.Count == 0) throw new InputException($"{folder}: no file names an end-of-sequence token", "set `eos_token_id` in generation_config.json");
        return new(tokenizer, ChatTemplate.Load(folder), stops);
    }

    /// <summary>Tokenizer and template as a GGUF file carries them.</summary>
    /// <param name="path">The file, for error messages.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="stops">Its end-of-sequence tokens.</param>
    /// <exception cref="InputException">The file has no chat template, or nothing says when to stop.</exception>
    public static ModelChat Of(string path, ModelTokenizer tokenizer, IReadOnlyList<int> stops)
    {
        TokenizerConfig config = tokenizer.Config;
        if (config.ChatTemplate is null) throw new InputException($"{path}: has no chat template", "export the model again from a folder that has one");
        if (stops.Count == 0) throw new InputException($"{path}: names no end-of-sequence token", "export the model again from a folder that has one");
        (string Key, string? Token)[] special = [("bos_token", config.BosToken), ("eos_token", config.EosToken), ("pad_token", config.PadToken), ("unk_token", config.UnkToken)];
        return new(tokenizer, ChatTemplate.Parse(config.ChatTemplate, special.Where(item => item.Token is not null).ToDictionary(item => item.Key, item => item.Token!)), stops.ToHashSet());
    }

    /// <summary>The prompt's tokens, up to where the completion starts.</summary>
    public int[] PromptTokens(IReadOnlyList<Message> messages) => Tokenizer.Encode(Template.Render(messages, addGenerationPrompt: true));

    private static int[] GenerationStops(string path)
    {
        try
        {
            return JsonFile.Read(path)?["eos_token_id"] switch
            {
                JsonArray list => [.. list.Select(id => id?.GetValue<int>() ?? throw new FormatException("null is no token"))],
                JsonValue one => [one.GetValue<int>()],
                _ => [],
            };
        }
        catch (Exception e) when (e is InvalidOperationException or FormatException)
        {
            throw new InputException($"{path}: is not a usable generation config", "restore the file that belongs to these weights", inner: e);
        }
    }
}
