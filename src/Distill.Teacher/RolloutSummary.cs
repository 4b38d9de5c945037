using System.Text;
using Distill.Chat;
using Distill.Verification;

namespace Distill.Teacher;

/// <summary>The head of a <see cref="RolloutRecord"/>: what a resumed run must know of every rollout without reading its texts.</summary>
internal readonly record struct RolloutSummary(int Index, Outcome Outcome, FinishReason FinishReason, EndState EndState, int PromptTokens, int CompletionTokens, double RunSeconds)
{
    /// <summary>Reads the head of a record's bytes.</summary>
    public static RolloutSummary Read(byte[] bytes)
    {
        using var reader = new BinaryReader(new MemoryStream(bytes), Encoding.UTF8);
        return Read(reader);
    }

    /// <summary>Reads the head of a record.</summary>
    public static RolloutSummary Read(BinaryReader reader) => new(
        reader.ReadInt32(), (Outcome)reader.ReadByte(), (FinishReason)reader.ReadByte(), (EndState)reader.ReadByte(), reader.ReadInt32(), reader.ReadInt32(), reader.ReadDouble());

    /// <summary>The head of a record.</summary>
    public static RolloutSummary Of(RolloutRecord record) => new(
        record.Index, record.Verdict.Outcome, record.Completion.FinishReason, record.Completion.EndState, record.Completion.PromptTokens, record.Completion.CompletionTokens, record.RunSeconds);
}
