using System.Text.Json;
using System.Text.Json.Nodes;
using Distill.Chat.Jinja;
using Distill.Runs;

namespace Distill.Chat;

/// <summary>
/// A model's chat template: messages to prompt text. Templates are programs from strangers (Jinja), so the evaluator has no way
/// out: no files, no network, no reflection, and limits on time, memory and depth. Safe for use from several threads.
/// </summary>
public sealed class ChatTemplate
{
    // The longest published ones have some ten thousand characters.
    private const int LongestSource = 1 << 20;

    private const string FileName = "chat_template.jinja", ConfigFileName = "tokenizer_config.json";

    private readonly JinjaStatement _template;
    private readonly string _name;
    private readonly IReadOnlyDictionary<string, string> _specialTokens;
    private readonly TimeProvider _clock;
    private readonly Lazy<bool> _startsInReasoning;

    private ChatTemplate(string source, string name, IReadOnlyDictionary<string, string>? specialTokens, TimeProvider? clock)
    {
        Source = source;
        _name = name;
        _specialTokens = specialTokens ?? new Dictionary<string, string>();
        _clock = clock ?? TimeProvider.System;
        if (source.Length > LongestSource) throw TooLarge(name);
        _template = Guard(null, () => JinjaParser.Parse(source));
        _startsInReasoning = new Lazy<bool>(() => EndsInReasoning(Render([new Message(MessageRole.User, "?")], addGenerationPrompt: true)));
    }

    /// <summary>The template's text.</summary>
    public string Source { get; }

    /// <summary>Whether the prompt for a completion ends inside an opened think tag, so that completions start with reasoning.</summary>
    /// <exception cref="InputException">The template cannot render a single user message.</exception>
    public bool StartsInReasoning => _startsInReasoning.Value;

    /// <summary>Whether a rendered prompt ends inside an opened think tag. Variables such as <c>enable_thinking</c> may change that.</summary>
    public static bool EndsInReasoning(string prompt)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        return prompt.AsSpan().TrimEnd().EndsWith(ChatFormat.ThinkOpen, StringComparison.Ordinal);
    }

    /// <summary>
    /// Reads the template of a Hugging Face folder where transformers looks for it: chat_template.jinja, else
    /// <c>chat_template</c> in tokenizer_config.json (text, or a list in which <c>default</c> is taken).
    /// </summary>
    /// <param name="folder">The folder.</param>
    /// <param name="clock">Tells the time to templates that ask for the date; the system's clock unless given.</param>
    /// <exception cref="InputException">There is none, or it is malformed.</exception>
    public static ChatTemplate Load(string folder, TimeProvider? clock = null)
    {
        string config = Path.Combine(folder, ConfigFileName);
        Dictionary<string, string> specialTokens = File.Exists(config) ? TokenizerReader.ReadSpecialTokens(JsonInput.Read(config)) : [];
        if (Find(folder) is not var (file, source))
        {
            throw new InputException($"{folder}: has no chat template", "add `chat_template` to tokenizer_config.json or a file chat_template.jinja");
        }
        return new ChatTemplate(source, file, specialTokens, clock);
    }

    /// <summary>The template that <see cref="Load"/> takes, unread, and the file that it stands in; null when the folder has none.</summary>
    /// <exception cref="InputException">A file is malformed, or the template is too long for one.</exception>
    public static (string File, string Source)? Find(string folder)
    {
        string separate = Path.Combine(folder, FileName);
        if (File.Exists(separate)) return (separate, ReadBounded(separate));
        string config = Path.Combine(folder, ConfigFileName);
        return TokenizerReader.ReadConfig(config).ChatTemplate is { } source ? (config, source) : null;
    }

    /// <summary>Makes a template from its text.</summary>
    /// <param name="source">Jinja source.</param>
    /// <param name="specialTokens">Texts of the special tokens under the names that templates use (<c>bos_token</c>, <c>eos_token</c> …).</param>
    /// <param name="clock">Tells the time to templates that ask for the date; the system's clock unless given.</param>
    /// <exception cref="InputException">It is malformed, or uses an unknown statement, filter or test.</exception>
    public static ChatTemplate Parse(string source, IReadOnlyDictionary<string, string>? specialTokens, TimeProvider? clock = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        return new ChatTemplate(source, "chat template", specialTokens, clock);
    }

    /// <summary>Renders a conversation.</summary>
    /// <param name="messages">The messages; an assistant's reasoning goes in as <c>reasoning_content</c>.</param>
    /// <param name="addGenerationPrompt">Whether to end with the beginning of an assistant turn.</param>
    /// <param name="variables">More variables for the template: <c>tools</c>, <c>enable_thinking</c> …</param>
    /// <returns>Prompt text with its special tokens; tokenize it without adding any.</returns>
    /// <exception cref="InputException">The template refuses the conversation, fails, or does more than templates may.</exception>
    public string Render(IReadOnlyList<Message> messages, bool addGenerationPrompt, JsonObject? variables = null)
    {
        ArgumentNullException.ThrowIfNull(messages);
        return RenderJson(new JsonArray([.. messages.Select(ToJson)]), addGenerationPrompt, variables);
    }

    /// <summary>Renders a conversation given in the form of an OpenAI request, tool calls included.</summary>
    /// <param name="messages">Objects with <c>role</c>, <c>content</c> and whatever else the template knows.</param>
    /// <param name="addGenerationPrompt">Whether to end with the beginning of an assistant turn.</param>
    /// <param name="variables">More variables for the template.</param>
    /// <returns>Prompt text with its special tokens; tokenize it without adding any.</returns>
    /// <exception cref="InputException">The template refuses the conversation, fails, or does more than templates may.</exception>
    public string RenderJson(JsonArray messages, bool addGenerationPrompt, JsonObject? variables = null)
    {
        ArgumentNullException.ThrowIfNull(messages);
        var run = new JinjaRun(_clock);
        return Guard(run, () => run.Work(() =>
        {
            var scope = new JinjaScope(run);
            scope.Set("tools", null);
            scope.Set("documents", null);
            foreach ((string name, string token) in _specialTokens) scope.Set(name, token);
            foreach ((string name, JsonNode? value) in variables ?? []) scope.Set(name, ToValue(value));
            scope.Set("messages", ToValue(messages));
            scope.Set("add_generation_prompt", addGenerationPrompt);
            _template.Execute(scope);
            return run.Output.ToString();
        }));
    }

    private static JsonObject ToJson(Message message)
    {
        var json = new JsonObject
        {
            ["role"] = message.Role switch
            {
                MessageRole.System => "system",
                MessageRole.User => "user",
                MessageRole.Assistant => "assistant",
                _ => "tool",
            },
            ["content"] = message.Content,
        };
        if (message.Reasoning is not null) json["reasoning_content"] = message.Reasoning;
        return json;
    }

    private static object? ToValue(JsonNode? node)
    {
        using JsonDocument document = JsonDocument.Parse(node?.ToJsonString() ?? "null");
        return JinjaValues.FromJson(document.RootElement);
    }

    private static string ReadBounded(string file)
    {
        if (new FileInfo(file).Length > 4L * LongestSource) throw TooLarge(file);
        return File.ReadAllText(file);
    }

    private static InputException TooLarge(string name) => new($"{name}: the chat template has more than {LongestSource} characters", "download it again");

    private T Guard<T>(JinjaRun? run, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (JinjaError e)
        {
            int line = e.Line > 0 ? e.Line : run?.Line ?? 0;
            throw new InputException($"{_name}:{line}: {e.Message}", "correct the chat template, or choose another with the model's own tokenizer files", inner: e);
        }
    }
}
