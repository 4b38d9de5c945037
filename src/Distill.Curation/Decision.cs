namespace Distill.Curation;

/// <summary>What becomes of every trace.</summary>
/// <param name="Fates">By row.</param>
/// <param name="Originals">By row, the row that a duplicate or near duplicate repeats; -1 for all others.</param>
internal sealed record Decision(Fate[] Fates, int[] Originals);
