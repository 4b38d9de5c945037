using System.Text.Json;

namespace Distill.Inference.Endpoints;

/// <summary>A line of Ollama's <c>/api/chat</c>.</summary>
internal sealed class OllamaPiece : EnginePiece
{
    /// <inheritdoc/>
    protected override void ReadRoot(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) throw new JsonException("the line is not a JSON object");
        string? reason = null;
        EngineUsage usage = default;
        bool isError = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("message"u8)) ReadMessage(ref reader);
            else if (reader.ValueTextEquals("model"u8)) ReadModel(ref reader);
            else if (reader.ValueTextEquals("done_reason"u8)) reason = ReadText(ref reader);
            else if (reader.ValueTextEquals("prompt_eval_count"u8)) usage = usage with { Prompt = ReadNumber(ref reader) };
            else if (reader.ValueTextEquals("eval_count"u8)) usage = usage with { Completion = ReadNumber(ref reader) };
            else
            {
                bool done = reader.ValueTextEquals("done"u8);
                isError |= reader.ValueTextEquals("error"u8);
                reader.Read();
                if (done) IsLast = reader.TokenType == JsonTokenType.True;
                reader.Skip();
            }
        }
        while (reader.Read()) { } // trailing bytes are an error too
        if (isError) Error = FindError(json);
        if (!IsLast) return;
        FinishReason = reason;
        // A prompt that it still held in memory is left out of the count.
        Usage = usage with { Prompt = usage.Prompt ?? 0 };
    }
}
