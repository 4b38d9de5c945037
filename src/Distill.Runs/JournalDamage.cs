namespace Distill.Runs;

/// <summary>Records that could not be read when a <see cref="Journal"/> was opened, although later bytes show they were once whole.</summary>
/// <param name="Offset">Byte of the journal at which the damage begins; everything before it was kept.</param>
/// <param name="Bytes">Bytes from there to the end.</param>
/// <param name="SetAside">File that now holds those bytes.</param>
public sealed record JournalDamage(long Offset, long Bytes, string SetAside);
