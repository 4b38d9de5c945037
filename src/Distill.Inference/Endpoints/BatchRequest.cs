using System.Buffers;
using System.Text.Json;

namespace Distill.Inference.Endpoints;

/// <summary>
/// A request as a line of a batch file: <c>{"custom_id","method","url","body"}</c>, as OpenAI's and Azure's batch services,
/// <c>vllm run-batch</c> and SGLang's batch interface take it.
/// </summary>
public static class BatchRequest
{
    /// <summary>Whether an engine of the dialect takes batch files.</summary>
    public static bool IsKnownTo(EngineDialect dialect) => dialect is EngineDialect.OpenAI or EngineDialect.Azure or EngineDialect.Vllm or EngineDialect.Sglang;

    /// <summary>Writes the line, its end included. The rollout's id is the <c>custom_id</c> by which its result is known again.</summary>
    /// <param name="request">The request.</param>
    /// <param name="model">Name of the model there.</param>
    /// <param name="dialect">Who will read it: names of fields differ.</param>
    public static byte[] Write(CompletionRequest request, string model, EngineDialect dialect)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer, ChatRequestBody.Options))
        {
            json.WriteStartObject();
            json.WriteString("custom_id"u8, request.Id);
            json.WriteString("method"u8, "POST"u8);
            json.WriteString("url"u8, dialect == EngineDialect.Azure ? "/chat/completions"u8 : "/v1/chat/completions"u8);
            json.WritePropertyName("body"u8);
            ChatRequestBody.Write(json, model, new EngineCall(request.Id, 1, request.Messages, request.Sampling), dialect, stream: false);
            json.WriteEndObject();
        }
        buffer.Write("\n"u8);
        return buffer.WrittenSpan.ToArray();
    }
}
