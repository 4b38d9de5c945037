using Distill.Traces;

namespace Distill.Rescoring;

/// <summary>One row of the input.</summary>
/// <param name="Traces">Its completions with their prompt.</param>
/// <param name="IsList">Whether it holds a list of completions.</param>
/// <param name="Line">The line, where the input is JSON lines.</param>
/// <param name="Problem">Why it could not be read, or null.</param>
/// <param name="LeftOut">Whether there is no row to keep.</param>
internal sealed record RowToJudge(IReadOnlyList<Trace> Traces, bool IsList, ReadOnlyMemory<byte> Line = default, string? Problem = null, bool LeftOut = false);
