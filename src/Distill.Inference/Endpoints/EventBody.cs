using System.Buffers;

namespace Distill.Inference.Endpoints;

/// <summary>The body of a reply, read as events: call <see cref="ReadAsync"/>, then <see cref="TryTake"/> until it has no more.</summary>
/// <param name="piece">Reads the body's messages.</param>
internal abstract class EventBody(EnginePiece piece) : IDisposable
{
    private const int MostBytesOfOneMessage = 64 << 20;

    private bool _toldDone;

    /// <summary>Whether the body said that nothing follows.</summary>
    protected bool IsDone { get; set; }

    /// <summary>Reads on; false at the end of the body.</summary>
    /// <exception cref="EndpointFault">The server reports a failure.</exception>
    /// <exception cref="System.Text.Json.JsonException">A message is not JSON.</exception>
    public abstract ValueTask<bool> ReadAsync(CancellationToken cancellation);

    /// <summary>Takes an event of what was read.</summary>
    public bool TryTake(out EngineEvent taken)
    {
        if (piece.TryTake(out taken)) return true;
        if (!IsDone || _toldDone) return false;
        _toldDone = true;
        taken = new EngineEvent(EngineEventKind.Done);
        return true;
    }

    /// <inheritdoc/>
    public abstract void Dispose();

    /// <summary>Reads at most <paramref name="most"/> bytes.</summary>
    public static async Task<byte[]> ReadWholeAsync(Stream body, CancellationToken cancellation, int most = MostBytesOfOneMessage)
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

    /// <summary>Reads one message.</summary>
    protected void ReadPiece(ReadOnlySpan<byte> json)
    {
        piece.Read(json);
        if (piece.Error is { } error) throw FaultClassifier.OfStreamError(error);
    }
}

/// <summary>A body that is one JSON message although a stream was asked for.</summary>
internal sealed class MessageBody(Stream body, EnginePiece piece) : EventBody(piece)
{
    /// <inheritdoc/>
    public override async ValueTask<bool> ReadAsync(CancellationToken cancellation)
    {
        if (IsDone) return false;
        byte[] json = await ReadWholeAsync(body, cancellation);
        ReadOnlySpan<byte> text = json.AsSpan().Trim(" \t\r\n"u8); // servers send blank lines to keep the connection alive
        if (text.IsEmpty) throw new EndpointFault(FaultKind.Transient, "empty_reply", "the reply is empty");
        ReadPiece(text);
        IsDone = true;
        return true;
    }

    /// <inheritdoc/>
    public override void Dispose() { }
}

/// <summary>A body of JSON messages, one a line, as Ollama sends it.</summary>
internal sealed class JsonLinesBody(Stream body, EnginePiece piece) : EventBody(piece)
{
    private readonly SseReader _lines = new(body);

    /// <inheritdoc/>
    public override async ValueTask<bool> ReadAsync(CancellationToken cancellation)
    {
        while (await _lines.ReadLineAsync(cancellation))
        {
            if (_lines.Line.IsEmpty) continue;
            ReadPiece(_lines.Line.Span);
            return true;
        }
        return false;
    }

    /// <inheritdoc/>
    public override void Dispose() => _lines.Dispose();
}
