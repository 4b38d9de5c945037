namespace Distill.Runs;

/// <summary>A record of a <see cref="SegmentedJournal"/>, without its body.</summary>
/// <param name="Position">Where it is, to read its body by.</param>
/// <param name="Head">The short part that is known without reading the body.</param>
public readonly record struct JournalEntry(long Position, ReadOnlyMemory<byte> Head);
