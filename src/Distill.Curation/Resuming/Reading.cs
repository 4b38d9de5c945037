using Distill.Curation.Contamination;
using Distill.Curation.Duplicates;

namespace Distill.Curation.Resuming;

/// <summary>A trace as the first reading saw it.</summary>
/// <param name="Id">The trace.</param>
/// <param name="PromptId">Its prompt, as its data set calls it.</param>
/// <param name="Facts">What is remembered of it, the index of its prompt apart.</param>
/// <param name="Problem">Its prompt.</param>
/// <param name="Sketch">Sketch of its completion, for a diverse choice.</param>
internal sealed record Reading(string Id, string PromptId, TraceFacts Facts, Problem Problem, byte[]? Sketch);

/// <summary>A prompt as the first reading saw it.</summary>
/// <param name="Hash">Its identity.</param>
/// <param name="Signature">For near duplicates, where they are looked for.</param>
/// <param name="Answer">Hash of its reference answer, 0 where it has none.</param>
/// <param name="Match">The problem of an evaluation set that it contains.</param>
/// <param name="Weak">Whether it shares runs of words with one, too few to be it.</param>
internal sealed record Problem(UInt128 Hash, Signature? Signature, ulong Answer, ContaminationMatch? Match, bool Weak);
