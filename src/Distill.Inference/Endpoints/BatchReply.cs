using System.Net;
using System.Security.Cryptography;
using System.Text.Json;

namespace Distill.Inference.Endpoints;

/// <summary>
/// A line of a batch's output or error file: <c>{"id","custom_id","response":{"status_code","body"},"error"}</c>. OpenAI writes
/// what it never began into an error file, with <c>error</c> alone; vLLM writes refusals beside the completions.
/// </summary>
public sealed class BatchReply
{
    private readonly int _status;
    private readonly byte[]? _error;

    private BatchReply(string rolloutId, UInt128 key, int status, byte[]? body, byte[]? error) => (RolloutId, Key, _status, Body, _error) = (rolloutId, key, status, body, error);

    /// <summary>The rollout that was asked for, in the words of the file.</summary>
    public string RolloutId { get; }

    /// <summary>Hash of the line: the same reply is known again, in whatever file it stands.</summary>
    public UInt128 Key { get; }

    /// <summary>The completion as JSON, or null.</summary>
    internal byte[]? Body { get; }

    /// <summary>Reads a line.</summary>
    /// <exception cref="JsonException">It is no such line.</exception>
    internal static BatchReply Read(ReadOnlySpan<byte> line)
    {
        var reader = new Utf8JsonReader(line);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) throw new JsonException("the line is not a JSON object");
        string? id = null;
        int status = 0;
        byte[]? body = null, error = null;
        bool answered = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isId = reader.ValueTextEquals("custom_id"u8), isResponse = reader.ValueTextEquals("response"u8), isError = reader.ValueTextEquals("error"u8);
            reader.Read();
            if (isId && reader.TokenType == JsonTokenType.String) id = reader.GetString();
            else if (isResponse && reader.TokenType == JsonTokenType.StartObject)
            {
                answered = true;
                ReadResponse(ref reader, line, ref status, ref body);
            }
            else if (isError && reader.TokenType != JsonTokenType.Null) error = Slice(ref reader, line);
            else reader.Skip();
        }
        while (reader.Read()) { } // trailing bytes are an error too
        if (string.IsNullOrEmpty(id)) throw new JsonException("the line has no `custom_id`");
        if (!answered && error is null) throw new JsonException("the line has neither `response` nor `error`");
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(line, hash);
        return new BatchReply(id, BitConverter.ToUInt128(hash), status, body, error);
    }

    /// <summary>The failure that the line reports, or null where it holds a completion.</summary>
    internal EndpointFault? Fault()
    {
        if (_error is not null)
        {
            ServerError error = ErrorOf(_error);
            return error.Type is "batch_expired" or "batch_cancelled" ? new EndpointFault(FaultKind.Transient, error.Type, error.Message)
                : FaultClassifier.OfStreamError(error.Status > 0 ? error : error with { Status = _status });
        }
        if (_status is not (0 or 200)) return FaultClassifier.OfReply((HttpStatusCode)_status, ServerError.Read(Body), null);
        return Body is null ? new EndpointFault(FaultKind.Transient, "empty_reply", "the reply is empty") : null;
    }

    private static ServerError ErrorOf(byte[] json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        JsonElement root = document.RootElement;
        return ServerError.Find(root) ?? (root.ValueKind == JsonValueKind.Object ? ServerError.FromObject(root) : ServerError.Read(json));
    }

    private static void ReadResponse(ref Utf8JsonReader reader, ReadOnlySpan<byte> line, ref int status, ref byte[]? body)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isStatus = reader.ValueTextEquals("status_code"u8), isBody = reader.ValueTextEquals("body"u8);
            reader.Read();
            if (isStatus && reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out int code)) status = code;
            else if (isBody && reader.TokenType == JsonTokenType.StartObject) body = Slice(ref reader, line);
            else reader.Skip();
        }
    }

    private static byte[] Slice(ref Utf8JsonReader reader, ReadOnlySpan<byte> line)
    {
        int start = (int)reader.TokenStartIndex;
        reader.Skip();
        return line[start..(int)reader.BytesConsumed].ToArray();
    }
}
