using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Distill.Chat;

namespace Distill.Inference.Endpoints;

/// <summary>The JSON body of <c>POST /chat/completions</c>.</summary>
internal static class ChatRequestBody
{
    /// <summary>Text as it is, without escapes that no server needs.</summary>
    public static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The request as a body of its own: streamed, with usage.</summary>
    public static byte[] Write(string model, EngineCall call, EngineDialect dialect)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer, Options)) Write(json, model, call, dialect, stream: true);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Writes the request, one completion. No stop texts: they break reasoning parsers.</summary>
    public static void Write(Utf8JsonWriter json, string model, EngineCall call, EngineDialect dialect, bool stream)
    {
        json.WriteStartObject();
        json.WriteString("model"u8, model);
        WriteMessages(json, call);
        WriteSampling(json, call.Sampling, dialect);
        if (call.Sampling.TopLogProbabilities is > 0 and var count)
        {
            json.WriteBoolean("logprobs"u8, true);
            json.WriteNumber("top_logprobs"u8, count);
            if (dialect == EngineDialect.Vllm) json.WriteBoolean("return_tokens_as_token_ids"u8, true); // texts do not always tell which token
        }
        if (call.Prefix is not null && dialect is EngineDialect.Vllm or EngineDialect.Sglang)
        {
            json.WriteBoolean("add_generation_prompt"u8, false);
            json.WriteBoolean("continue_final_message"u8, true);
        }
        if (stream)
        {
            json.WriteBoolean("stream"u8, true);
            json.WriteStartObject("stream_options"u8);
            json.WriteBoolean("include_usage"u8, true);
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }

    /// <summary>Writes the conversation, and behind it what the completion has already.</summary>
    public static void WriteMessages(Utf8JsonWriter json, EngineCall call)
    {
        json.WriteStartArray("messages"u8);
        foreach (Message message in call.Messages) WriteMessage(json, RoleName(message.Role), message.Content);
        if (call.Prefix is { } prefix) WriteMessage(json, "assistant"u8, prefix);
        json.WriteEndArray();
    }

    private static void WriteMessage(Utf8JsonWriter json, ReadOnlySpan<byte> role, string content)
    {
        json.WriteStartObject();
        json.WriteString("role"u8, role);
        json.WriteString("content"u8, content);
        json.WriteEndObject();
    }

    private static void WriteSampling(Utf8JsonWriter json, SamplingOptions sampling, EngineDialect dialect)
    {
        json.WriteNumber(dialect.MaxTokensField(), sampling.MaxTokens);
        json.WriteNumber("temperature"u8, sampling.Temperature);
        json.WriteNumber("top_p"u8, sampling.TopP);
        if (sampling.TopK > 0 && dialect.KnowsTopK()) json.WriteNumber("top_k"u8, sampling.TopK);
        if (dialect.KnowsSeed()) json.WriteNumber("seed"u8, sampling.Seed & int.MaxValue); // 31 bits: what every engine's seed field holds
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
