using System.Buffers.Binary;
using Distill.Runs;

namespace Distill.Teacher;

/// <summary>
/// The finished rollouts of a run: which of the plan are there, and where their texts lie. Holds eight bytes for each planned
/// rollout and no text. The first record of a rollout counts; a later one is not stored.
/// </summary>
internal sealed class RolloutLedger : IDisposable
{
    /// <summary>
    /// Folder of the ledger in the stage folder. Hidden, because its bytes depend on the order in which completions came,
    /// and what is hidden is not part of the stage's content hash.
    /// </summary>
    public const string FolderName = ".ledger";

    private const byte SettingsType = (byte)'S';
    private const byte RolloutType = (byte)'R';
    private const byte PartType = (byte)'P';
    private const byte WasteType = (byte)'W';
    private const byte ReplyType = (byte)'B';

    private readonly SegmentedJournal _journal;
    private readonly string _folder;
    private readonly long[] _positions;
    private readonly Dictionary<int, long> _partBytes = [];
    private readonly HashSet<UInt128> _wastedReplies = [];
    private bool _discarded;

    private RolloutLedger(SegmentedJournal journal, string folder, int rollouts)
    {
        (_journal, _folder) = (journal, folder);
        _positions = new long[rollouts];
    }

    /// <summary>Counts of what is stored.</summary>
    public RolloutTally Tally { get; } = new();

    /// <summary>What opening found wrong, one line each.</summary>
    public IReadOnlyList<string> Notes => _journal.Notes;

    /// <summary>Opens the ledger of a run folder, with everything that earlier attempts stored.</summary>
    /// <param name="folder">The run folder.</param>
    /// <param name="settings">What decides the traces.</param>
    /// <param name="rollouts">Rollouts of the plan.</param>
    /// <param name="options">How often it is flushed.</param>
    /// <exception cref="InputException">
    /// The folder belongs to a run with other settings, another process is writing it, or it holds traces but no ledger.
    /// </exception>
    public static RolloutLedger Open(string folder, RunSettings settings, int rollouts, JournalOptions? options = null)
    {
        string path = Path.Combine(folder, FolderName);
        SegmentedJournal journal = SegmentedJournal.Open(path, options);
        try
        {
            var ledger = new RolloutLedger(journal, path, rollouts);
            ledger.Load(folder, settings);
            return ledger;
        }
        catch (InvalidDataException e)
        {
            journal.Dispose();
            throw new InputException($"{path}: is not understood: {e.Message}", "choose another output folder, or delete this one", inner: e);
        }
        catch
        {
            journal.Dispose();
            throw;
        }
    }

    /// <summary>The settings that a run folder began with, or null when it holds no run.</summary>
    /// <exception cref="InputException">The ledger is damaged.</exception>
    public static RunSettings? SettingsOf(string folder)
    {
        using SegmentedJournal journal = SegmentedJournal.OpenRead(Path.Combine(folder, FolderName));
        foreach (JournalEntry entry in journal.Entries())
            if (entry.Head.Span[0] == SettingsType) return RunSettings.Read(journal.Read(entry.Position).Body.Span);
        return null;
    }

    /// <summary>The complete rollouts of a ledger by their content keys, for another run to take over.</summary>
    /// <param name="journal">The ledger's journal.</param>
    public static IEnumerable<(UInt128 Key, long Position)> CompleteRollouts(SegmentedJournal journal)
    {
        foreach (JournalEntry entry in journal.Entries())
        {
            if (entry.Head.Span[0] != RolloutType || entry.Head.Length != 1 + RolloutSummary.Length) continue;
            RolloutSummary summary = RolloutSummary.Read(entry.Head.Span[1..]);
            if (summary.EndState == Chat.EndState.Complete) yield return (summary.Key, entry.Position);
        }
    }

    /// <summary>Whether the rollout is stored.</summary>
    public bool Has(int index) => _positions[index] != 0;

    /// <summary>Stores a rollout; false when it was stored before, and the new one is left out.</summary>
    /// <exception cref="InputException">The disk is full.</exception>
    public bool Add(RolloutRecord record)
    {
        if (Has(record.Index)) return false;
        Span<byte> head = stackalloc byte[1 + RolloutSummary.Length];
        head[0] = RolloutType;
        RolloutSummary summary = record.Summary;
        summary.Write(head[1..]);
        _positions[record.Index] = _journal.Append(head, record.ToBody());
        Tally.Add(summary);
        return true;
    }

    /// <summary>Reads a stored rollout.</summary>
    public RolloutRecord Read(int index) => ReadAt(_journal, _positions[index]);

    /// <summary>Reads the rollout at a position of any ledger's journal.</summary>
    public static RolloutRecord ReadAt(SegmentedJournal journal, long position)
    {
        (ReadOnlyMemory<byte> head, ReadOnlyMemory<byte> body) = journal.Read(position);
        return RolloutRecord.Read(RolloutSummary.Read(head.Span[1..]), body.Span);
    }

    /// <summary>Notes that a part file was written.</summary>
    public void AddPart(int part, long bytes)
    {
        Span<byte> head = stackalloc byte[13];
        head[0] = PartType;
        BinaryPrimitives.WriteInt32LittleEndian(head[1..], part);
        BinaryPrimitives.WriteInt64LittleEndian(head[5..], bytes);
        _journal.Append(head, []);
        _partBytes[part] = bytes;
    }

    /// <summary>Notes tokens that were paid for and thrown away.</summary>
    public void AddWaste(int promptTokens, int completionTokens)
    {
        Span<byte> head = stackalloc byte[9];
        head[0] = WasteType;
        BinaryPrimitives.WriteInt32LittleEndian(head[1..], promptTokens);
        BinaryPrimitives.WriteInt32LittleEndian(head[5..], completionTokens);
        _journal.Append(head, []);
        Tally.AddWaste(promptTokens, completionTokens);
    }

    /// <summary>Notes a batch's reply that was paid for and is no rollout, once, however often its file is read.</summary>
    /// <param name="key">Which reply.</param>
    /// <param name="promptTokens">Tokens of its prompt.</param>
    /// <param name="completionTokens">Tokens of its completion.</param>
    public void AddWastedReply(UInt128 key, int promptTokens, int completionTokens)
    {
        if (!_wastedReplies.Add(key)) return;
        Span<byte> head = stackalloc byte[25];
        head[0] = ReplyType;
        BinaryPrimitives.WriteUInt128LittleEndian(head[1..], key);
        BinaryPrimitives.WriteInt32LittleEndian(head[17..], promptTokens);
        BinaryPrimitives.WriteInt32LittleEndian(head[21..], completionTokens);
        _journal.Append(head, []);
        Tally.AddWaste(promptTokens, completionTokens);
    }

    /// <summary>Length of a part file that was written, or null.</summary>
    public long? BytesOfPart(int part) => _partBytes.TryGetValue(part, out long bytes) ? bytes : null;

    /// <summary>Makes what is stored survive a power cut.</summary>
    public void Flush() => _journal.Flush();

    /// <summary>Removes the ledger again where nothing was ever stored in it: a run that could not begin leaves nothing behind.</summary>
    public void DiscardIfUnused() => _discarded = Tally is { Rollouts: 0, WastedPromptTokens: 0, WastedCompletionTokens: 0 } && _partBytes.Count == 0
        && Directory.EnumerateFileSystemEntries(_folder).Count() <= 2; // the lock and one segment; damaged bytes that were set aside are somebody's

    /// <inheritdoc/>
    public void Dispose()
    {
        _journal.Dispose();
        if (_discarded) AtomicFile.Guard(_folder, () => Directory.Delete(_folder, recursive: true));
    }

    private void Load(string folder, RunSettings settings)
    {
        bool begun = false;
        foreach (JournalEntry entry in _journal.Entries())
        {
            ReadOnlySpan<byte> head = entry.Head.Span;
            switch (head[0])
            {
                case SettingsType:
                    settings.ThrowIfDiffers(folder, RunSettings.Read(_journal.Read(entry.Position).Body.Span));
                    begun = true;
                    break;
                case RolloutType:
                    Load(RolloutSummary.Read(head[1..]), entry.Position);
                    break;
                case PartType when head.Length == 13:
                    _partBytes[BinaryPrimitives.ReadInt32LittleEndian(head[1..])] = BinaryPrimitives.ReadInt64LittleEndian(head[5..]);
                    break;
                case WasteType when head.Length == 9:
                    Tally.AddWaste(BinaryPrimitives.ReadInt32LittleEndian(head[1..]), BinaryPrimitives.ReadInt32LittleEndian(head[5..]));
                    break;
                case ReplyType when head.Length == 25:
                    _wastedReplies.Add(BinaryPrimitives.ReadUInt128LittleEndian(head[1..]));
                    Tally.AddWaste(BinaryPrimitives.ReadInt32LittleEndian(head[17..]), BinaryPrimitives.ReadInt32LittleEndian(head[21..]));
                    break;
                default:
                    throw new InvalidDataException($"a record of type {head[0]}");
            }
        }
        if (begun) return;
        if (TraceParts.FilesIn(folder).Length > 0)
            throw new InputException($"{folder}: holds traces, but not the ledger that they came from", "choose another output folder, or delete this one");
        _journal.Append([SettingsType], settings.ToBytes());
    }

    private void Load(RolloutSummary summary, long position)
    {
        if (summary.Index < 0 || summary.Index >= _positions.Length) throw new InvalidDataException($"a rollout with index {summary.Index}");
        if (Has(summary.Index)) return;
        _positions[summary.Index] = position;
        Tally.Add(summary);
    }
}
