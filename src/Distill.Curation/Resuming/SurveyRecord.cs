using System.Text;
using Distill.Curation.Contamination;
using Distill.Curation.Duplicates;
using Distill.Curation.Text;
using Distill.Verification;

namespace Distill.Curation.Resuming;

/// <summary>
/// What the first reading found in a piece, as the journal holds it: about 130 bytes for a trace and 230 for each prompt that was new.
/// Numbers are little-endian, texts UTF-8 with their length before them.
/// </summary>
internal static class SurveyRecord
{
    private const byte NoVerdict = byte.MaxValue;

    /// <summary>Packs a piece.</summary>
    /// <param name="readings">Its traces.</param>
    /// <param name="isNew">Of which of them the prompt had not been seen before: only those bring what is known of it.</param>
    public static byte[] ToBytes(IReadOnlyList<Reading> readings, IReadOnlyList<bool> isNew)
    {
        using var stream = new MemoryStream(readings.Count * 256);
        using var writer = new BinaryWriter(stream, Encoding.UTF8);
        writer.Write(readings.Count);
        for (int i = 0; i < readings.Count; i++)
        {
            Reading reading = readings[i];
            writer.Write(reading.Id);
            writer.Write(reading.PromptId);
            WriteFacts(writer, reading.Facts);
            WriteHash(writer, reading.Problem.Hash);
            writer.Write(isNew[i]);
            if (isNew[i]) WriteProblem(writer, reading.Problem);
            WriteBytes(writer, reading.Sketch);
        }
        writer.Flush();
        return stream.ToArray();
    }

    /// <summary>Unpacks a piece. Prompts that were not new come without signature and match.</summary>
    public static Reading[] FromBytes(ReadOnlyMemory<byte> bytes)
    {
        using var reader = new BinaryReader(new MemoryStream(bytes.ToArray(), writable: false), Encoding.UTF8);
        var readings = new Reading[reader.ReadInt32()];
        for (int i = 0; i < readings.Length; i++)
        {
            string id = reader.ReadString(), promptId = reader.ReadString();
            TraceFacts facts = ReadFacts(reader);
            UInt128 hash = ReadHash(reader);
            Problem problem = reader.ReadBoolean() ? ReadProblem(reader, hash) : new Problem(hash, null, 0, null, false);
            readings[i] = new Reading(id, promptId, facts, problem, ReadBytes(reader));
        }
        return readings;
    }

    private static void WriteFacts(BinaryWriter writer, TraceFacts facts)
    {
        writer.Write((byte)facts.Reason);
        writer.Write((byte)facts.Rule);
        writer.Write(facts.Judge is { } judge ? (byte)judge : NoVerdict);
        writer.Write(facts.Source);
        writer.Write(facts.PromptTokens);
        writer.Write(facts.Tokens);
        writer.Write(facts.Length);
        WriteHash(writer, facts.Content);
    }

    private static TraceFacts ReadFacts(BinaryReader reader)
    {
        var (reason, rule, judge) = ((Fate)reader.ReadByte(), (Outcome)reader.ReadByte(), reader.ReadByte());
        return new TraceFacts(reason, rule, judge == NoVerdict ? null : (Outcome)judge, reader.ReadByte(), -1, reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt32(), ReadHash(reader));
    }

    private static void WriteProblem(BinaryWriter writer, Problem problem)
    {
        writer.Write(problem.Answer);
        writer.Write(problem.Weak);
        writer.Write(problem.Signature is not null);
        if (problem.Signature is { } signature)
        {
            foreach (ulong band in signature.Bands) writer.Write(band);
            writer.Write(signature.Sketch);
        }
        writer.Write(problem.Match is not null);
        if (problem.Match is not { } match) return;
        writer.Write(match.Item.Set);
        writer.Write(match.Item.Number);
        writer.Write(match.Rule);
        writer.Write(match.Span);
        writer.Write(match.Overlap);
    }

    private static Problem ReadProblem(BinaryReader reader, UInt128 hash)
    {
        (ulong answer, bool weak) = (reader.ReadUInt64(), reader.ReadBoolean());
        Signature? signature = null;
        if (reader.ReadBoolean())
        {
            var bands = new ulong[MinHash.Bands];
            for (int i = 0; i < bands.Length; i++) bands[i] = reader.ReadUInt64();
            signature = new Signature(bands, reader.ReadBytes(MinHash.Hashes));
        }
        ContaminationMatch? match = null;
        if (reader.ReadBoolean())
        {
            var item = new BenchmarkItem(reader.ReadString(), reader.ReadInt32(), PromptText.Of("")); // its text is not asked for any more
            match = new ContaminationMatch(item, reader.ReadString(), reader.ReadString(), reader.ReadDouble());
        }
        return new Problem(hash, signature, answer, match, weak);
    }

    private static void WriteHash(BinaryWriter writer, UInt128 hash)
    {
        writer.Write((ulong)hash);
        writer.Write((ulong)(hash >> 64));
    }

    private static UInt128 ReadHash(BinaryReader reader)
    {
        (ulong lower, ulong upper) = (reader.ReadUInt64(), reader.ReadUInt64());
        return new UInt128(upper, lower);
    }

    private static void WriteBytes(BinaryWriter writer, byte[]? bytes)
    {
        writer.Write((byte)(bytes?.Length ?? 0));
        if (bytes is not null) writer.Write(bytes);
    }

    private static byte[]? ReadBytes(BinaryReader reader) => reader.ReadByte() is > 0 and byte length ? reader.ReadBytes(length) : null;
}
