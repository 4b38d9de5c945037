using System.Buffers;
using System.Text.Json;

namespace Distill.Inference.Endpoints;

/// <summary>
/// Reads the body of a streamed chat completion into a <see cref="CompletionAssembly"/>: server-sent events, engines'
/// own <c>error:</c> lines, and replies that are one JSON message although a stream was asked for.
/// </summary>
internal static class ChatStream
{
    private const int MostBytesOfOneMessage = 64 << 20;

    /// <summary>Reads a body of type <c>text/event-stream</c> up to <c>[DONE]</c> or its end.</summary>
    /// <param name="body">The body.</param>
    /// <param name="assembly">Takes the pieces.</param>
    /// <param name="onText">Called whenever text arrived.</param>
    /// <param name="cancellation">Ends the reading.</param>
    /// <exception cref="EndpointFault">The server reports a failure.</exception>
    /// <exception cref="JsonException">An event is not JSON.</exception>
    public static async Task ReadEventsAsync(Stream body, CompletionAssembly assembly, Action onText, CancellationToken cancellation)
    {
        using var lines = new SseReader(body);
        var chunk = new ChatChunk();
        var data = new ArrayBufferWriter<byte>(1024); // of the event under way, lines joined by LF as the standard says
        while (!assembly.IsDone && await lines.ReadLineAsync(cancellation))
        {
            ReadOnlySpan<byte> line = lines.Line.Span;
            if (line.IsEmpty) Dispatch(data, chunk, assembly, onText);
            else if (Field(line, "data"u8, out ReadOnlySpan<byte> value))
            {
                if (data.WrittenCount > 0) data.Write("\n"u8);
                data.Write(value);
            }
            else if (Field(line, "error"u8, out ReadOnlySpan<byte> error)) throw FaultClassifier.OfStreamError(ReadErrorLine(error));
            // anything else is a comment (": keep-alive") or a field that carries nothing here (event, id, retry)
        }
        if (!assembly.IsDone) Dispatch(data, chunk, assembly, onText);
    }

    /// <summary>Reads a body that is one JSON message.</summary>
    /// <exception cref="EndpointFault">The server reports a failure, or the body is empty.</exception>
    /// <exception cref="JsonException">The body is not JSON.</exception>
    public static async Task ReadMessageAsync(Stream body, CompletionAssembly assembly, Action onText, CancellationToken cancellation)
    {
        byte[] json = await ReadBodyAsync(body, MostBytesOfOneMessage, cancellation);
        ReadOnlySpan<byte> text = json.AsSpan().Trim(" \t\r\n"u8); // servers send blank lines to keep the connection alive
        if (text.IsEmpty) throw new EndpointFault(FaultKind.Transient, "empty_reply", "the reply is empty");
        var chunk = new ChatChunk();
        chunk.Read(text);
        Accept(chunk, assembly, onText);
        assembly.Done();
    }

    /// <summary>Reads at most <paramref name="most"/> bytes.</summary>
    public static async Task<byte[]> ReadBodyAsync(Stream body, int most, CancellationToken cancellation)
    {
        using var copy = new MemoryStream();
        byte[] buffer = ArrayPool<byte>.Shared.Rent(16 << 10);
        try
        {
            int read;
            while (copy.Length < most && (read = await body.ReadAsync(buffer, cancellation)) > 0)
                copy.Write(buffer, 0, (int)Math.Min(read, most - copy.Length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
        return copy.ToArray();
    }

    private static void Dispatch(ArrayBufferWriter<byte> data, ChatChunk chunk, CompletionAssembly assembly, Action onText)
    {
        if (data.WrittenCount == 0) return;
        ReadOnlySpan<byte> text = data.WrittenSpan;
        if (text.SequenceEqual("[DONE]"u8)) assembly.Done();
        else
        {
            chunk.Read(text);
            Accept(chunk, assembly, onText);
        }
        data.ResetWrittenCount();
    }

    private static void Accept(ChatChunk chunk, CompletionAssembly assembly, Action onText)
    {
        if (chunk.Error is { } error) throw FaultClassifier.OfStreamError(error);
        if (assembly.Add(chunk)) onText();
    }

    private static ServerError ReadErrorLine(ReadOnlySpan<byte> json)
    {
        try
        {
            var reader = new Utf8JsonReader(json);
            using JsonDocument document = JsonDocument.ParseValue(ref reader);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
                return ServerError.Find(document.RootElement) ?? ServerError.FromObject(document.RootElement);
        }
        catch (JsonException) { } // not JSON: shown as it is
        return ServerError.Read(json);
    }

    // "name: value" or "name:value"; the standard drops one space after the colon.
    private static bool Field(ReadOnlySpan<byte> line, ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (!line.StartsWith(name)) return false;
        if (line.Length == name.Length) return true;
        if (line[name.Length] != (byte)':') return false;
        value = line[(name.Length + 1)..];
        if (value.StartsWith(" "u8)) value = value[1..];
        return true;
    }
}
