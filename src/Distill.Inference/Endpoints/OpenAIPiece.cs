using System.Buffers;
using System.Text.Json;

namespace Distill.Inference.Endpoints;

/// <summary>A message of OpenAI's chat completions, in any of the shapes that servers give it.</summary>
internal sealed class OpenAIPiece : EnginePiece
{
    /// <inheritdoc/>
    protected override void ReadRoot(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) throw new JsonException("the message is not a JSON object");
        bool isError = false, hasChoices = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("choices"u8))
            {
                hasChoices = true;
                ReadChoices(ref reader, json);
            }
            else if (reader.ValueTextEquals("usage"u8)) ReadUsage(ref reader);
            else if (reader.ValueTextEquals("model"u8)) ReadModel(ref reader);
            else if (reader.ValueTextEquals("system_fingerprint"u8)) ReadFingerprint(ref reader);
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
        else if (!hasChoices && Usage.Completion is null) throw new JsonException("the message has neither `choices` nor `error`");
    }

    private void ReadChoices(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Null) return;
        if (reader.TokenType != JsonTokenType.StartArray) throw new JsonException("`choices` is not an array");
        for (int choice = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; choice++)
        {
            if (choice > 0 || reader.TokenType != JsonTokenType.StartObject) reader.Skip(); // one completion was asked for
            else ReadChoice(ref reader, json);
        }
    }

    private void ReadChoice(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("delta"u8) || reader.ValueTextEquals("message"u8)) ReadMessage(ref reader);
            else if (reader.ValueTextEquals("finish_reason"u8)) FinishReason = ReadText(ref reader);
            else
            {
                bool hasLogProbabilities = reader.ValueTextEquals("logprobs"u8);
                reader.Read();
                hasLogProbabilities &= reader.TokenType == JsonTokenType.StartObject;
                long start = reader.TokenStartIndex;
                reader.Skip();
                if (hasLogProbabilities) LogProbabilities.Write(json[(int)start..(int)reader.BytesConsumed]);
            }
        }
    }

    private void ReadUsage(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject) return;
        EngineUsage usage = default;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("prompt_tokens"u8)) usage = usage with { Prompt = ReadNumber(ref reader) };
            else if (reader.ValueTextEquals("completion_tokens"u8)) usage = usage with { Completion = ReadNumber(ref reader) };
            else if (reader.ValueTextEquals("prompt_cache_hit_tokens"u8)) usage = usage with { Cached = ReadNumber(ref reader) };
            else if (reader.ValueTextEquals("prompt_tokens_details"u8)) usage = usage with { Cached = ReadCached(ref reader) ?? usage.Cached };
            else
            {
                reader.Read();
                reader.Skip();
            }
        }
        Usage = usage;
    }

    private static int? ReadCached(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject) return null;
        int? cached = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isCached = reader.ValueTextEquals("cached_tokens"u8);
            int? number = ReadNumber(ref reader);
            if (isCached) cached = number;
        }
        return cached;
    }
}
