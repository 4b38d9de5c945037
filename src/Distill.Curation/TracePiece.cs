using Distill.Traces;

namespace Distill.Curation;

/// <summary>A piece of the sources, small enough to be held in memory. The same sources come in the same pieces.</summary>
/// <param name="Index">Its place among all pieces.</param>
/// <param name="Source">Index of the source.</param>
/// <param name="Read">Reads its traces; on any thread.</param>
internal readonly record struct TracePiece(int Index, int Source, Func<IReadOnlyList<Trace>> Read);
