using System.Security.Cryptography;
using System.Runtime.InteropServices;
using Distill.Traces;
using Distill.Verification;

namespace Distill.Curation;

/// <summary>What is remembered of a trace between its two readings: 64 bytes and no text.</summary>
/// <param name="Reason">The first reason to drop it by itself, its verdict apart.</param>
/// <param name="Rule">The rule's verdict.</param>
/// <param name="Judge">The judge's, or null.</param>
/// <param name="Source">Index of the source.</param>
/// <param name="Prompt">Index of its prompt.</param>
/// <param name="PromptTokens">Tokens of the prompt, 0 when unknown.</param>
/// <param name="Tokens">Tokens of the completion, 0 when unknown.</param>
/// <param name="Length">Characters of reasoning and answer.</param>
/// <param name="Content">Hash of prompt and completion.</param>
internal readonly record struct TraceFacts(
    Fate Reason, Outcome Rule, Outcome? Judge, byte Source, int Prompt, int PromptTokens, int Tokens, int Length, UInt128 Content)
{
    /// <summary>128 bits of SHA-256 over texts: two of a billion different ones are equal with a chance below 1e-20.</summary>
    public static UInt128 HashOf(params ReadOnlySpan<string> texts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> length = stackalloc byte[sizeof(int)];
        foreach (string text in texts)
        {
            BitConverter.TryWriteBytes(length, text.Length);
            hash.AppendData(length);
            hash.AppendData(MemoryMarshal.AsBytes(text.AsSpan()));
        }
        Span<byte> bytes = stackalloc byte[SHA256.HashSizeInBytes];
        hash.GetHashAndReset(bytes);
        return new UInt128(BitConverter.ToUInt64(bytes), BitConverter.ToUInt64(bytes[8..]));
    }

    /// <summary>Identity of a prompt: its messages, whatever its data set calls it.</summary>
    public static UInt128 PromptHash(Trace trace) => trace.Prompt.Messages.Count == 1 ? HashOf(trace.Prompt.Messages[0].Content)
        : HashOf([.. trace.Prompt.Messages.SelectMany(message => new[] { message.Role.ToString(), message.Content })]);
}
