using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Distill.Chat;

namespace Distill.Inference.Endpoints;

/// <summary>The JSON body of <c>POST /chat/completions</c>.</summary>
internal static class ChatRequestBody
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>
    /// Writes the request: streamed, with usage, and with <c>max_tokens</c>, because servers ignore the newer
    /// <c>max_completion_tokens</c> without a word. No stop texts: they break reasoning parsers.
    /// </summary>
    public static byte[] Write(string model, CompletionRequest request)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            json.WriteStartObject();
            json.WriteString("model"u8, model);
            WriteMessages(json, request.Messages);
            WriteSampling(json, request.Sampling);
            json.WriteBoolean("stream"u8, true);
            json.WriteStartObject("stream_options"u8);
            json.WriteBoolean("include_usage"u8, true);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteMessages(Utf8JsonWriter json, IReadOnlyList<Message> messages)
    {
        json.WriteStartArray("messages"u8);
        foreach (Message message in messages)
        {
            json.WriteStartObject();
            json.WriteString("role"u8, RoleName(message.Role));
            json.WriteString("content"u8, message.Content);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void WriteSampling(Utf8JsonWriter json, SamplingOptions sampling)
    {
        json.WriteNumber("max_tokens"u8, sampling.MaxTokens);
        json.WriteNumber("temperature"u8, sampling.Temperature);
        json.WriteNumber("top_p"u8, sampling.TopP);
        if (sampling.TopK > 0) json.WriteNumber("top_k"u8, sampling.TopK);
        json.WriteNumber("seed"u8, sampling.Seed & int.MaxValue); // 31 bits: what every engine's seed field holds
    }

    private static ReadOnlySpan<byte> RoleName(MessageRole role) => role switch
    {
        MessageRole.System => "system"u8,
        MessageRole.User => "user"u8,
        MessageRole.Assistant => "assistant"u8,
        MessageRole.Tool => "tool"u8,
        _ => throw new ArgumentOutOfRangeException(nameof(role), role, null),
    };
}
