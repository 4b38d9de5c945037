using Microsoft.Win32.SafeHandles;

namespace Distill.Runs;

/// <summary>How often a <see cref="Journal"/> is flushed to the disk.</summary>
/// <remarks>
/// Every record is handed to the operating system at once, so a killed process loses nothing; the flush decides how much
/// a power cut can take.
/// </remarks>
public sealed record JournalOptions
{
    /// <summary>Records that may stand unflushed.</summary>
    public int FlushEveryRecords { get; init; } = 512;

    /// <summary>Longest time a record stands unflushed.</summary>
    public TimeSpan FlushEvery { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Most bytes in one record; a length beyond it is damage, never an allocation.</summary>
    public int MaxRecordBytes { get; init; } = 256 << 20;

    /// <summary>Bytes from which a <see cref="SegmentedJournal"/> begins another file.</summary>
    public long SegmentBytes { get; init; } = 64 << 20;

    /// <summary>Told how long each flush took, or null.</summary>
    public Action<TimeSpan>? OnFlush { get; init; }

    /// <summary>What makes bytes survive a power cut; tests put a failing disk here.</summary>
    internal Action<SafeFileHandle> FlushToDisk { get; init; } = DiskFlush.File;

    /// <summary>Clock of the flushes.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
