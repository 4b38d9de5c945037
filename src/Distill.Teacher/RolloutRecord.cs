using System.IO.Compression;
using System.Text;
using Distill.Chat;
using Distill.Verification;

namespace Distill.Teacher;

/// <summary>
/// A finished rollout as the ledger keeps it: a head (<see cref="Summary"/>) and a compressed body. What follows from the plan
/// (prompt, sampling, teacher) is not repeated, and reasoning and answer, which are nearly always parts of the raw text, are
/// kept as places in it.
/// </summary>
internal sealed record RolloutRecord
{
    private const int NotInRawText = -1;
    private const int FastCompression = 1;
    private const int Window = 22;

    /// <summary>Place in the plan.</summary>
    public required int Index { get; init; }

    /// <summary>Content key, see <see cref="RolloutPlan.KeyOf"/>.</summary>
    public required UInt128 Key { get; init; }

    /// <summary>Rollout id.</summary>
    public required string Id { get; init; }

    /// <summary>What the teacher produced.</summary>
    public required Completion Completion { get; init; }

    /// <summary>The judgement.</summary>
    public required Verdict Verdict { get; init; }

    /// <summary>Seconds from request to last token; 0 where a batch shares its time.</summary>
    public required double Seconds { get; init; }

    /// <summary>Seconds that the run had taken when this rollout came, over all its attempts.</summary>
    public required double RunSeconds { get; init; }

    /// <summary>The head.</summary>
    public RolloutSummary Summary => new(
        Index, Key, Verdict.Outcome, Completion.FinishReason, Completion.EndState, Completion.PromptTokens, Completion.CompletionTokens, RunSeconds,
        Completion.Origin.Attempts == 0);

    /// <summary>The body.</summary>
    public byte[] ToBody()
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream, Encoding.UTF8);
        writer.Write(Seconds);
        writer.Write(Id);
        writer.Write(Verdict.Reason);
        writer.Write(Verdict.Verifier);
        writer.Write(Verdict.ExtractedAnswer is not null);
        writer.Write(Verdict.ExtractedAnswer ?? "");
        writer.Write(Completion.ReasoningUnclosed);
        writer.Write(Completion.RawText);
        WritePart(writer, Completion.RawText, Completion.Reasoning, last: false);
        WritePart(writer, Completion.RawText, Completion.Answer, last: true);
        WriteOrigin(writer, Completion.Origin);
        if (Completion.TopLogProbabilities is { } likeliest) LogProbabilityRecord.Write(writer, likeliest);
        return Compress(stream.GetBuffer().AsSpan(0, (int)stream.Length));
    }

    /// <summary>Reads a record.</summary>
    /// <exception cref="InvalidDataException">The bytes are no record.</exception>
    public static RolloutRecord Read(RolloutSummary summary, ReadOnlySpan<byte> body)
    {
        try
        {
            using var reader = new BinaryReader(new MemoryStream(Decompress(body)), Encoding.UTF8);
            double seconds = reader.ReadDouble();
            string id = reader.ReadString(), reason = reader.ReadString(), verifier = reader.ReadString();
            bool extracted = reader.ReadBoolean();
            string answer = reader.ReadString();
            bool unclosed = reader.ReadBoolean();
            string raw = reader.ReadString();
            return new RolloutRecord
            {
                Index = summary.Index,
                Key = summary.Key,
                Id = id,
                Seconds = seconds,
                RunSeconds = summary.RunSeconds,
                Verdict = new Verdict(summary.Outcome, reason, extracted ? answer : null, verifier),
                Completion = new Completion
                {
                    RawText = raw,
                    Reasoning = ReadPart(reader, raw),
                    Answer = ReadPart(reader, raw),
                    ReasoningUnclosed = unclosed,
                    FinishReason = summary.FinishReason,
                    EndState = summary.EndState,
                    PromptTokens = summary.PromptTokens,
                    CompletionTokens = summary.CompletionTokens,
                    Origin = ReadOrigin(reader),
                    TopLogProbabilities = LogProbabilityRecord.Read(reader),
                },
            };
        }
        catch (Exception e) when (e is EndOfStreamException or ArgumentException or FormatException)
        {
            throw new InvalidDataException($"not a rollout: {e.Message}", e);
        }
    }

    private static byte[] Compress(ReadOnlySpan<byte> bytes)
    {
        byte[] compressed = new byte[sizeof(int) + BrotliEncoder.GetMaxCompressedLength(bytes.Length)];
        BitConverter.TryWriteBytes(compressed, bytes.Length);
        if (!BrotliEncoder.TryCompress(bytes, compressed.AsSpan(sizeof(int)), out int written, FastCompression, Window)) throw new InvalidOperationException("the compressor needs more room than it said");
        return compressed[..(sizeof(int) + written)];
    }

    private static byte[] Decompress(ReadOnlySpan<byte> compressed)
    {
        if (compressed.Length < sizeof(int)) throw new InvalidDataException("a rollout's body without a length");
        byte[] bytes = new byte[Math.Max(0, BitConverter.ToInt32(compressed))];
        return BrotliDecoder.TryDecompress(compressed[sizeof(int)..], bytes, out int written) && written == bytes.Length ? bytes
            : throw new InvalidDataException("a rollout's body that does not decompress");
    }

    private static void WriteOrigin(BinaryWriter writer, CompletionOrigin origin)
    {
        writer.Write(origin.Endpoint);
        writer.Write(origin.Model);
        writer.Write(origin.Fingerprint);
        writer.Write(origin.Attempts);
        writer.Write(origin.FirstTextSeconds);
        writer.Write(origin.CachedTokens);
    }

    private static CompletionOrigin ReadOrigin(BinaryReader reader) => new()
    {
        Endpoint = reader.ReadString(),
        Model = reader.ReadString(),
        Fingerprint = reader.ReadString(),
        Attempts = reader.ReadInt32(),
        FirstTextSeconds = reader.ReadDouble(),
        CachedTokens = reader.ReadInt32(),
    };

    private static void WritePart(BinaryWriter writer, string raw, string part, bool last)
    {
        int start = last ? raw.LastIndexOf(part, StringComparison.Ordinal) : raw.IndexOf(part, StringComparison.Ordinal);
        writer.Write(start < 0 ? NotInRawText : start);
        if (start < 0) writer.Write(part);
        else writer.Write(part.Length);
    }

    private static string ReadPart(BinaryReader reader, string raw)
    {
        int start = reader.ReadInt32();
        return start == NotInRawText ? reader.ReadString() : raw.Substring(start, reader.ReadInt32());
    }
}
