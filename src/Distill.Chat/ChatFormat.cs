namespace Distill.Chat;

/// <summary>The chat format of DeepSeek-R1 as of July 2025, without its tool calls: what models trained from scratch here speak.</summary>
public static class ChatFormat
{
    /// <summary>Begins every text.</summary>
    public const string BeginOfSentence = "<｜begin▁of▁sentence｜>";

    /// <summary>Ends every completion.</summary>
    public const string EndOfSentence = "<｜end▁of▁sentence｜>";

    /// <summary>Fills rows of a batch; never seen by the loss.</summary>
    public const string Pad = "<｜▁pad▁｜>";

    /// <summary>Stands before a user turn.</summary>
    public const string User = "<｜User｜>";

    /// <summary>Stands before an assistant turn.</summary>
    public const string Assistant = "<｜Assistant｜>";

    /// <summary>Opens the reasoning.</summary>
    public const string ThinkOpen = "<think>";

    /// <summary>Closes the reasoning.</summary>
    public const string ThinkClose = "</think>";

    /// <summary>
    /// The chat template (Jinja): <c>{bos}{system}&lt;｜User｜&gt;{user}&lt;｜Assistant｜&gt;&lt;think&gt;\n</c> asks for a completion;
    /// earlier assistant turns lose their reasoning and end with the end-of-sentence token.
    /// </summary>
    public const string DeepSeekR1 = """
        {%- set ns = namespace(system='', is_first=true) -%}
        {%- for message in messages -%}
            {%- if message['role'] == 'system' -%}
                {%- set ns.system = ns.system + ('' if ns.is_first else '\n\n') + message['content'] -%}
                {%- set ns.is_first = false -%}
            {%- endif -%}
        {%- endfor -%}
        {{- bos_token + ns.system -}}
        {%- for message in messages -%}
            {%- if message['role'] == 'user' -%}
                {{- '<｜User｜>' + message['content'] -}}
            {%- elif message['role'] == 'assistant' -%}
                {{- '<｜Assistant｜>' + message['content'].split('</think>')[-1] + '<｜end▁of▁sentence｜>' -}}
            {%- elif message['role'] != 'system' -%}
                {{- raise_exception('this chat format has no ' + message['role'] + ' messages') -}}
            {%- endif -%}
        {%- endfor -%}
        {%- if add_generation_prompt -%}
            {{- '<｜Assistant｜><think>\n' -}}
        {%- endif -%}
        """;

    /// <summary>The added tokens of the format. Think tags are not special: they stay visible in decoded text. Ids are given when a vocabulary is trained.</summary>
    public static IReadOnlyList<AddedToken> DeepSeekR1Tokens { get; } =
    [
        new(0, BeginOfSentence, Special: true),
        new(1, EndOfSentence, Special: true),
        new(2, Pad, Special: true),
        new(3, User, Special: true),
        new(4, Assistant, Special: true),
        new(5, ThinkOpen, Special: false),
        new(6, ThinkClose, Special: false),
    ];

    /// <summary>tokenizer_config.json of the format.</summary>
    /// <param name="contextLength">Most tokens that the model accepts.</param>
    /// <param name="tokenizerClass">Name of the tokenizer class in Hugging Face transformers.</param>
    public static TokenizerConfig DeepSeekR1Config(int contextLength, string tokenizerClass = "PreTrainedTokenizerFast") => new()
    {
        BosToken = BeginOfSentence,
        EosToken = EndOfSentence,
        PadToken = Pad,
        AddBosToken = false, // the template writes it
        AddEosToken = false,
        ModelMaxLength = contextLength,
        TokenizerClass = tokenizerClass,
        ChatTemplate = DeepSeekR1,
    };
}
