using System.Buffers;
using System.Text.Json;

namespace Distill.Inference.Endpoints;

/// <summary>
/// One JSON message of a completion, whole or a piece of a stream, handed over as events. Reused for every message of a
/// stream; text is kept as UTF-8 bytes.
/// </summary>
internal abstract class EnginePiece
{
    private readonly ArrayBufferWriter<byte> _content = new(256);
    private readonly ArrayBufferWriter<byte> _reasoning = new(256);
    private readonly ArrayBufferWriter<byte> _otherReasoning = new(256); // a server that sends both names sends the same text twice
    private string? _lastModel;
    private string? _lastFingerprint;
    private bool _served;
    private int _next = (int)EngineEventKind.Done;

    /// <summary>The failure that the message reports, or null.</summary>
    public ServerError? Error { get; protected set; }

    /// <summary>Whether the message says that it is the last.</summary>
    protected bool IsLast { get; set; }

    /// <summary>Log-probabilities of the tokens, as JSON.</summary>
    protected ArrayBufferWriter<byte> LogProbabilities { get; } = new();

    /// <summary>Why it ended, in the server's words, or null.</summary>
    protected string? FinishReason { get; set; }

    /// <summary>Tokens, as far as the message tells.</summary>
    protected EngineUsage Usage { get; set; }

    /// <summary>Reads a message.</summary>
    /// <exception cref="JsonException">It is not JSON, or a field has the wrong type.</exception>
    public void Read(ReadOnlySpan<byte> json)
    {
        Clear();
        try
        {
            ReadRoot(json);
        }
        catch (Exception e) when (e is InvalidOperationException or FormatException)
        {
            throw new JsonException(e.Message, e); // lone surrogates, text where a number belongs
        }
        _next = 0;
    }

    /// <summary>Takes the next event of the message.</summary>
    public bool TryTake(out EngineEvent taken)
    {
        ReadOnlyMemory<byte> reasoning = _reasoning.WrittenCount > 0 ? _reasoning.WrittenMemory : _otherReasoning.WrittenMemory;
        for (; _next <= 6; _next++)
        {
            EngineEvent? found = _next switch
            {
                0 when _served => new(EngineEventKind.Served) { Text = _lastModel, Fingerprint = _lastFingerprint },
                1 when !reasoning.IsEmpty => new(EngineEventKind.Reasoning) { Utf8 = reasoning },
                2 when _content.WrittenCount > 0 => new(EngineEventKind.Content) { Utf8 = _content.WrittenMemory },
                3 when LogProbabilities.WrittenCount > 0 => new(EngineEventKind.LogProbabilities) { Utf8 = LogProbabilities.WrittenMemory },
                4 when FinishReason is not null => new(EngineEventKind.Finish) { Text = FinishReason },
                5 when Usage != default => new(EngineEventKind.Usage) { Usage = Usage },
                6 when IsLast => new(EngineEventKind.Done),
                _ => null,
            };
            if (found is not { } next) continue;
            taken = next;
            _next++;
            return true;
        }
        taken = default;
        return false;
    }

    /// <summary>Reads the message's fields.</summary>
    protected abstract void ReadRoot(ReadOnlySpan<byte> json);

    /// <summary>Reads the name of the model; every piece of a stream repeats it, so it is one string for all of them.</summary>
    protected void ReadModel(ref Utf8JsonReader reader) => _served |= Renews(ref reader, ref _lastModel);

    /// <summary>Reads the build of the model.</summary>
    protected void ReadFingerprint(ref Utf8JsonReader reader) => _served |= Renews(ref reader, ref _lastFingerprint);

    /// <summary>Reads the texts of a message or of a piece of one, under the names that servers give them.</summary>
    protected void ReadMessage(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject) return;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (TargetOf(ref reader) is { } target)
            {
                ReadInto(ref reader, target);
                continue;
            }
            reader.Read();
            reader.Skip();
        }
    }

    private ArrayBufferWriter<byte>? TargetOf(ref Utf8JsonReader reader) => reader.ValueTextEquals("content"u8) ? _content
        : reader.ValueTextEquals("reasoning_content"u8) || reader.ValueTextEquals("thinking"u8) ? _reasoning // thinking: Ollama's
        : reader.ValueTextEquals("reasoning"u8) ? _otherReasoning : null;

    private static void ReadInto(ref Utf8JsonReader reader, ArrayBufferWriter<byte> target)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Null) return;
        if (reader.TokenType != JsonTokenType.String) throw new JsonException("the text of the message is not a string");
        int most = reader.HasValueSequence ? checked((int)reader.ValueSequence.Length) : reader.ValueSpan.Length;
        if (most > 0) target.Advance(reader.CopyString(target.GetSpan(most)));
    }

    /// <summary>Reads a text; null for anything else.</summary>
    protected static string? ReadText(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.String) return reader.GetString();
        reader.Skip();
        return null;
    }

    /// <summary>Reads a whole number; null for anything else.</summary>
    protected static int? ReadNumber(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Number) return reader.GetInt32();
        reader.Skip();
        return null;
    }

    /// <summary>The error in a message.</summary>
    protected static ServerError? FindError(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        using JsonDocument document = JsonDocument.ParseValue(ref reader);
        return ServerError.Find(document.RootElement);
    }

    private static bool Renews(ref Utf8JsonReader reader, ref string? last)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.String)
        {
            reader.Skip();
            return false;
        }
        if (last is not null && reader.ValueTextEquals(last)) return false;
        last = reader.GetString();
        return true;
    }

    private void Clear()
    {
        _content.ResetWrittenCount();
        _reasoning.ResetWrittenCount();
        _otherReasoning.ResetWrittenCount();
        LogProbabilities.ResetWrittenCount();
        FinishReason = null;
        Usage = default;
        Error = null;
        IsLast = _served = false;
    }
}
