using System.Text.Json.Nodes;
using Distill.Chat;
using Distill.Runs;

namespace Distill.Inspection;

/// <summary>Tokenizer, chat template and sampling defaults of a model folder.</summary>
internal static class TokenizerFacts
{
    private static readonly string[] Sampling = ["do_sample", "temperature", "top_p", "top_k", "min_p", "repetition_penalty", "max_new_tokens"];

    /// <summary>Adds what the folder has of them.</summary>
    public static void Add(JsonObject facts, string folder, JsonObject config, JsonArray problems)
    {
        JsonObject? generation = ModelFacts.Try(problems, () => JsonFile.Read(Path.Combine(folder, "generation_config.json")));
        ModelTokenizer? tokenizer = File.Exists(Path.Combine(folder, "tokenizer.json")) ? ModelFacts.Try(problems, () => ModelTokenizer.Load(folder)) : null;
        if (tokenizer is not null)
        {
            facts["tokenizer"] = new JsonObject
            {
                ["ids"] = tokenizer.VocabularySize,
                ["added_tokens"] = tokenizer.Definition.AddedTokens.Count,
                ["merges"] = tokenizer.Definition.Merges.Count,
                ["pre_tokenizer"] = PreTokenizerNames.Find(tokenizer.Definition),
                ["adds_bos"] = tokenizer.AddBosToken,
            };
        }
        JsonArray special = [.. Roles(tokenizer, config, generation)];
        if (special.Count > 0) facts["special_tokens"] = special;
        if (HasTemplate(folder)) facts["chat_template"] = ModelFacts.Try(problems, () => Template(ChatTemplate.Load(folder)));
        if (generation is not null && ModelFacts.Pick(generation, Sampling) is { Count: > 0 } sampling) facts["sampling"] = sampling;
    }

    /// <summary>What a template does, without its text.</summary>
    public static JsonObject Template(ChatTemplate template) => new()
    {
        ["characters"] = template.Source.Length,
        ["starts_in_reasoning"] = template.StartsInReasoning,
        ["prompt"] = template.Render([new Message(MessageRole.User, "{question}")], addGenerationPrompt: true),
    };

    private static bool HasTemplate(string folder) =>
        File.Exists(Path.Combine(folder, "chat_template.jinja")) || File.Exists(Path.Combine(folder, "tokenizer_config.json"));

    // Each file says it in its own way: texts in tokenizer_config.json, ids in the other two.
    private static IEnumerable<JsonNode> Roles(ModelTokenizer? tokenizer, JsonObject config, JsonObject? generation)
    {
        foreach ((string role, int? id) in new[] { ("bos", tokenizer?.BosTokenId), ("eos", tokenizer?.EosTokenId), ("pad", tokenizer?.PadTokenId) })
        {
            string key = $"{role}_token_id";
            if (id is null && config[key] is null && generation?[key] is null) continue;
            yield return new JsonObject
            {
                ["token"] = role,
                ["text"] = id is { } known ? tokenizer!.TokenText(known) : null,
                ["tokenizer"] = id,
                ["config"] = config[key]?.DeepClone(),
                ["generation_config"] = generation?[key]?.DeepClone(),
            };
        }
    }
}
