using System.Buffers.Binary;
using Distill.Chat;
using Distill.Verification;

namespace Distill.Teacher;

/// <summary>
/// The head of a stored rollout: what a resumed run must know of every one without reading its texts, and the content key by
/// which other runs find it.
/// </summary>
internal readonly record struct RolloutSummary(
    int Index, UInt128 Key, Outcome Outcome, FinishReason FinishReason, EndState EndState, int PromptTokens, int CompletionTokens, double RunSeconds, bool Reused)
{
    /// <summary>Bytes of a head.</summary>
    public const int Length = 4 + 16 + 3 + 4 + 4 + 8 + 1;

    /// <summary>Reads a head.</summary>
    /// <exception cref="InvalidDataException">The bytes are no head.</exception>
    public static RolloutSummary Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Length) throw new InvalidDataException($"a rollout's head of {bytes.Length} bytes");
        return new(
            BinaryPrimitives.ReadInt32LittleEndian(bytes), BinaryPrimitives.ReadUInt128LittleEndian(bytes[4..]),
            (Outcome)bytes[20], (FinishReason)bytes[21], (EndState)bytes[22],
            BinaryPrimitives.ReadInt32LittleEndian(bytes[23..]), BinaryPrimitives.ReadInt32LittleEndian(bytes[27..]), BinaryPrimitives.ReadDoubleLittleEndian(bytes[31..]),
            bytes[39] != 0);
    }

    /// <summary>Writes the head.</summary>
    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteInt32LittleEndian(bytes, Index);
        BinaryPrimitives.WriteUInt128LittleEndian(bytes[4..], Key);
        (bytes[20], bytes[21], bytes[22]) = ((byte)Outcome, (byte)FinishReason, (byte)EndState);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[23..], PromptTokens);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[27..], CompletionTokens);
        BinaryPrimitives.WriteDoubleLittleEndian(bytes[31..], RunSeconds);
        bytes[39] = Reused ? (byte)1 : (byte)0;
    }
}
