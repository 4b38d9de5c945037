namespace Distill.Curation;

/// <summary>What <c>curate</c> kept.</summary>
/// <param name="RowsIn">Traces read.</param>
/// <param name="RowsOut">Traces kept.</param>
/// <param name="PromptsOut">Different prompts among those kept.</param>
/// <param name="TokensOut">Completion tokens of those kept, as the teacher produced them.</param>
/// <param name="Dropped">Traces dropped, by reason.</param>
public sealed record CurateResult(long RowsIn, long RowsOut, int PromptsOut, long TokensOut, IReadOnlyDictionary<string, long> Dropped);
