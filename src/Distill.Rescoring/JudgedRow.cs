using System.Text;
using Distill.Verification;

namespace Distill.Rescoring;

/// <summary>The verdicts of one row: as many as it holds completions.</summary>
/// <param name="Verdicts">In the order of the completions; none when the row could not be read.</param>
/// <param name="IsList">Whether the row holds a list of completions, so that its verdicts are a list too.</param>
/// <param name="Problem">Why it could not be read, or null.</param>
/// <param name="LeftOut">Whether there is no row at all to keep, because the line is no JSON.</param>
internal sealed record JudgedRow(IReadOnlyList<Verdict> Verdicts, bool IsList, string? Problem = null, bool LeftOut = false)
{
    /// <summary>Writes it.</summary>
    public void Write(BinaryWriter writer)
    {
        writer.Write((byte)((IsList ? 1 : 0) | (LeftOut ? 2 : 0) | (Problem is null ? 0 : 4)));
        if (Problem is not null) writer.Write(Problem);
        writer.Write7BitEncodedInt(Verdicts.Count);
        foreach (Verdict verdict in Verdicts) WriteVerdict(writer, verdict);
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    public static JudgedRow Read(BinaryReader reader)
    {
        byte flags = reader.ReadByte();
        string? problem = (flags & 4) != 0 ? reader.ReadString() : null;
        var verdicts = new Verdict[reader.Read7BitEncodedInt()];
        for (int i = 0; i < verdicts.Length; i++) verdicts[i] = ReadVerdict(reader);
        return new JudgedRow(verdicts, (flags & 1) != 0, problem, (flags & 2) != 0);
    }

    /// <summary>Several rows as one record.</summary>
    public static byte[] ToBytes(IReadOnlyList<JudgedRow> rows)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream, Encoding.UTF8);
        writer.Write7BitEncodedInt(rows.Count);
        foreach (JudgedRow row in rows) row.Write(writer);
        writer.Flush();
        return stream.ToArray();
    }

    /// <summary>Reads what <see cref="ToBytes"/> gave.</summary>
    public static JudgedRow[] FromBytes(ReadOnlyMemory<byte> bytes)
    {
        using var reader = new BinaryReader(new MemoryStream(bytes.ToArray()), Encoding.UTF8);
        var rows = new JudgedRow[reader.Read7BitEncodedInt()];
        for (int i = 0; i < rows.Length; i++) rows[i] = Read(reader);
        return rows;
    }

    /// <summary>Writes one verdict.</summary>
    public static void WriteVerdict(BinaryWriter writer, Verdict verdict)
    {
        writer.Write((byte)verdict.Outcome);
        writer.Write(verdict.Reason);
        writer.Write(verdict.Verifier);
        writer.Write(verdict.ExtractedAnswer is not null);
        writer.Write(verdict.ExtractedAnswer ?? "");
    }

    /// <summary>Reads what <see cref="WriteVerdict"/> wrote.</summary>
    public static Verdict ReadVerdict(BinaryReader reader)
    {
        var outcome = (Outcome)reader.ReadByte();
        string reason = reader.ReadString(), verifier = reader.ReadString();
        bool extracted = reader.ReadBoolean();
        string answer = reader.ReadString();
        return new Verdict(outcome, reason, extracted ? answer : null, verifier);
    }
}
