using System.Buffers;
using System.Text.Json;

namespace Distill.Inference.Endpoints;

/// <summary>
/// One JSON message of a chat completion, whole or a piece of a stream. Reused for every message of a stream; text is
/// kept as UTF-8 bytes.
/// </summary>
internal sealed class ChatChunk
{
    private readonly ArrayBufferWriter<byte> _content = new(256);
    private readonly ArrayBufferWriter<byte> _reasoning = new(256);
    private readonly ArrayBufferWriter<byte> _otherReasoning = new(256);
    private string? _lastModel;

    /// <summary>Text of the answer in this message.</summary>
    public ReadOnlySpan<byte> Content => _content.WrittenSpan;

    /// <summary>
    /// Text of the reasoning in this message, whichever of its two names the server uses; a server that sends both names
    /// sends the same text twice.
    /// </summary>
    public ReadOnlySpan<byte> Reasoning => _reasoning.WrittenCount > 0 ? _reasoning.WrittenSpan : _otherReasoning.WrittenSpan;

    /// <summary>Why it ended, in the server's words, or null.</summary>
    public string? FinishReason { get; private set; }

    /// <summary>Tokens of the prompt, or null when the message has no usage.</summary>
    public int? PromptTokens { get; private set; }

    /// <summary>Tokens of the completion, or null when the message has no usage.</summary>
    public int? CompletionTokens { get; private set; }

    /// <summary>The model that the server says it is, or null.</summary>
    public string? Model { get; private set; }

    /// <summary>The failure that the message reports, or null.</summary>
    public ServerError? Error { get; private set; }

    /// <summary>Reads a message.</summary>
    /// <exception cref="JsonException">It is not JSON, or a field has the wrong type.</exception>
    public void Read(ReadOnlySpan<byte> json)
    {
        Clear();
        try
        {
            ReadRoot(json);
        }
        catch (Exception e) when (e is InvalidOperationException or FormatException)
        {
            throw new JsonException(e.Message, e); // lone surrogates, text where a number belongs
        }
    }

    private void ReadRoot(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) throw new JsonException("the message is not a JSON object");
        bool isError = false, hasChoices = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("choices"u8))
            {
                hasChoices = true;
                ReadChoices(ref reader);
            }
            else if (reader.ValueTextEquals("usage"u8)) ReadUsage(ref reader);
            else if (reader.ValueTextEquals("model"u8)) Model = _lastModel = ReadModel(ref reader);
            else
            {
                bool error = reader.ValueTextEquals("error"u8), kind = reader.ValueTextEquals("object"u8), detail = reader.ValueTextEquals("detail"u8);
                reader.Read();
                isError |= (error && reader.TokenType != JsonTokenType.Null)
                    || (kind && reader.TokenType == JsonTokenType.String && reader.ValueTextEquals("error"u8))
                    || (detail && !hasChoices);
                reader.Skip();
            }
        }
        while (reader.Read()) { } // trailing bytes are an error too
        if (isError) Error = FindError(json);
        else if (!hasChoices && CompletionTokens is null) throw new JsonException("the message has neither `choices` nor `error`");
    }

    private static ServerError? FindError(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        using JsonDocument document = JsonDocument.ParseValue(ref reader);
        return ServerError.Find(document.RootElement);
    }

    private void ReadChoices(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Null) return;
        if (reader.TokenType != JsonTokenType.StartArray) throw new JsonException("`choices` is not an array");
        for (int choice = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; choice++)
        {
            if (choice > 0 || reader.TokenType != JsonTokenType.StartObject) reader.Skip(); // one completion was asked for
            else ReadChoice(ref reader);
        }
    }

    private void ReadChoice(ref Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("delta"u8) || reader.ValueTextEquals("message"u8)) ReadMessage(ref reader);
            else if (reader.ValueTextEquals("finish_reason"u8)) FinishReason = ReadText(ref reader);
            else
            {
                reader.Read();
                reader.Skip();
            }
        }
    }

    private void ReadMessage(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject) return;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            ArrayBufferWriter<byte>? target = reader.ValueTextEquals("content"u8) ? _content
                : reader.ValueTextEquals("reasoning_content"u8) ? _reasoning
                : reader.ValueTextEquals("reasoning"u8) ? _otherReasoning : null;
            reader.Read();
            if (target is null || reader.TokenType == JsonTokenType.Null) reader.Skip();
            else if (reader.TokenType != JsonTokenType.String) throw new JsonException("the text of the message is not a string");
            else
            {
                int most = reader.HasValueSequence ? checked((int)reader.ValueSequence.Length) : reader.ValueSpan.Length;
                if (most > 0) target.Advance(reader.CopyString(target.GetSpan(most)));
            }
        }
    }

    private void ReadUsage(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject) return;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isPrompt = reader.ValueTextEquals("prompt_tokens"u8), isCompletion = reader.ValueTextEquals("completion_tokens"u8);
            reader.Read();
            if (reader.TokenType == JsonTokenType.Number && isPrompt) PromptTokens = reader.GetInt32();
            else if (reader.TokenType == JsonTokenType.Number && isCompletion) CompletionTokens = reader.GetInt32();
            else reader.Skip();
        }
    }

    // Every piece of a stream names the same model: one string for all of them.
    private string? ReadModel(ref Utf8JsonReader reader)
    {
        Utf8JsonReader value = reader;
        bool same = _lastModel is not null && value.Read() && value.TokenType == JsonTokenType.String && value.ValueTextEquals(_lastModel);
        if (!same) return ReadText(ref reader);
        reader = value;
        return _lastModel;
    }

    private static string? ReadText(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.String) return reader.GetString();
        reader.Skip();
        return null;
    }

    private void Clear()
    {
        _content.ResetWrittenCount();
        _reasoning.ResetWrittenCount();
        _otherReasoning.ResetWrittenCount();
        FinishReason = null;
        PromptTokens = CompletionTokens = null;
        Model = null;
        Error = null;
    }
}
