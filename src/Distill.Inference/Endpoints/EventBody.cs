using System.Buffers;
using System.Runtime.CompilerServices;

namespace Distill.Inference.Endpoints;

/// <summary>
/// The body of a reply, read as events: call <see cref="ReadAsync"/>, then <see cref="TryTake"/> until it has no more. All kinds of
/// bodies share one method that waits, so that a small chunk costs one.
/// </summary>
/// <param name="source">The body; stays the caller's.</param>
/// <param name="piece">Reads the body's messages.</param>
internal abstract class EventBody(Stream source, EnginePiece piece) : IDisposable
{
    private bool _toldDone;

    /// <summary>Whether the body said that nothing follows.</summary>
    protected bool IsDone { get; set; }

    /// <summary>Whether nothing more will arrive.</summary>
    protected abstract bool HasEnded { get; }

    /// <summary>Reads on; false at the end of the body.</summary>
    /// <exception cref="EndpointFault">The server reports a failure, the connection broke, or what it carries is not understood.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<bool> ReadAsync(CancellationToken cancellation)
    {
        try
        {
            while (!TryRead())
            {
                if (HasEnded) return false;
                Filled(await source.ReadAsync(Room(), cancellation));
            }
            return true;
        }
        catch (Exception e) when (EngineHttp.IsBroken(e))
        {
            throw FaultClassifier.OfException(e, replied: true);
        }
    }

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
    public static async Task<byte[]> ReadWholeAsync(Stream body, int most, CancellationToken cancellation)
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

    /// <summary>Reads a message of what has arrived; false where there is none.</summary>
    protected abstract bool TryRead();

    /// <summary>Where what arrives next is to be written.</summary>
    protected abstract Memory<byte> Room();

    /// <summary>Takes note of what has arrived; 0 is the end.</summary>
    protected abstract void Filled(int bytes);

    /// <summary>Reads one message.</summary>
    protected void ReadPiece(ReadOnlySpan<byte> json)
    {
        piece.Read(json);
        if (piece.Error is { } error) throw FaultClassifier.OfStreamError(error);
    }
}

/// <summary>A body that is one JSON message although a stream was asked for.</summary>
internal sealed class MessageBody(Stream source, EnginePiece piece) : EventBody(source, piece)
{
    private const int MostBytes = 64 << 20;

    private readonly ArrayBufferWriter<byte> _text = new(4096);
    private bool _ended;

    /// <inheritdoc/>
    protected override bool HasEnded => _ended;

    /// <inheritdoc/>
    protected override bool TryRead()
    {
        if (!_ended || IsDone) return false;
        ReadOnlySpan<byte> text = _text.WrittenSpan.Trim(" \t\r\n"u8); // servers send blank lines to keep the connection alive
        if (text.IsEmpty) throw new EndpointFault(FaultKind.Transient, "empty_reply", "the reply is empty");
        ReadPiece(text);
        IsDone = true;
        return true;
    }

    /// <inheritdoc/>
    protected override Memory<byte> Room() => _text.GetMemory(4096);

    /// <inheritdoc/>
    protected override void Filled(int bytes)
    {
        _text.Advance(bytes);
        _ended |= bytes == 0 || _text.WrittenCount > MostBytes;
    }

    /// <inheritdoc/>
    public override void Dispose() { }
}

/// <summary>A body of lines.</summary>
internal abstract class LineBody(Stream source, EnginePiece piece) : EventBody(source, piece)
{
    /// <summary>Its lines.</summary>
    protected SseReader Lines { get; } = new(source);

    /// <inheritdoc/>
    protected override bool HasEnded => IsDone || Lines.HasEnded;

    /// <inheritdoc/>
    protected override Memory<byte> Room() => Lines.Room();

    /// <inheritdoc/>
    protected override void Filled(int bytes) => Lines.Filled(bytes);

    /// <inheritdoc/>
    public override void Dispose() => Lines.Dispose();
}

/// <summary>A body of JSON messages, one a line, as Ollama sends it.</summary>
internal sealed class JsonLinesBody(Stream source, EnginePiece piece) : LineBody(source, piece)
{
    /// <inheritdoc/>
    protected override bool TryRead()
    {
        while (Lines.TryReadLine())
        {
            if (Lines.Line.IsEmpty) continue;
            ReadPiece(Lines.Line.Span);
            return true;
        }
        return false;
    }
}
