using System.Buffers;
using System.Text.Json;

namespace Distill.Inference.Endpoints;

/// <summary>A body of server-sent events up to <c>[DONE]</c> or its end, with engines' own <c>error:</c> lines.</summary>
internal sealed class SseBody(Stream source, EnginePiece piece) : LineBody(source, piece)
{
    private readonly ArrayBufferWriter<byte> _data = new(1024); // of the event under way, lines joined by LF as the standard says

    /// <inheritdoc/>
    protected override bool TryRead()
    {
        while (!IsDone && Lines.TryReadLine())
            if (Take(Lines.Line.Span)) return true;
        return !IsDone && Lines.HasEnded && Dispatch();
    }

    private bool Take(ReadOnlySpan<byte> line)
    {
        if (line.IsEmpty) return Dispatch();
        if (Field(line, "data"u8, out ReadOnlySpan<byte> value))
        {
            if (_data.WrittenCount > 0) _data.Write("\n"u8);
            _data.Write(value);
        }
        else if (Field(line, "error"u8, out ReadOnlySpan<byte> error)) throw FaultClassifier.OfStreamError(ReadErrorLine(error));
        // anything else is a comment (": keep-alive") or a field that carries nothing here (event, id, retry)
        return false;
    }

    private bool Dispatch()
    {
        if (_data.WrittenCount == 0) return false;
        ReadOnlySpan<byte> text = _data.WrittenSpan;
        if (text.SequenceEqual("[DONE]"u8)) IsDone = true;
        else ReadPiece(text);
        _data.ResetWrittenCount();
        return true;
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
