using System.Buffers.Binary;
using Distill.Runs;

namespace Distill.Teacher;

/// <summary>
/// The finished rollouts of a run: which of the plan are there, and where their texts lie in the journal. Holds eight bytes
/// for each planned rollout and no text. The first record of a rollout counts; a later one is not stored.
/// </summary>
internal sealed class RolloutLedger : IDisposable
{
    /// <summary>
    /// Name of the journal in the stage folder. Hidden, because its bytes depend on the order in which completions came,
    /// and what is hidden is not part of the folder's content hash.
    /// </summary>
    public const string FileName = ".journal";

    private const byte SettingsType = (byte)'S';
    private const byte RolloutType = (byte)'R';
    private const byte PartType = (byte)'P';

    private readonly Journal _journal;
    private readonly long[] _offsets;
    private readonly Dictionary<int, long> _partBytes = [];

    private RolloutLedger(Journal journal, int rollouts)
    {
        _journal = journal;
        _offsets = new long[rollouts];
    }

    /// <summary>Counts of what is stored.</summary>
    public RolloutTally Tally { get; } = new();

    /// <summary>What opening found wrong with the journal, one line each.</summary>
    public IReadOnlyList<string> Notes { get; private init; } = [];

    /// <summary>Opens the ledger of a run folder, with everything that earlier attempts stored.</summary>
    /// <exception cref="InputException">
    /// The folder belongs to a run with other settings, another process is writing it, or it holds traces but no journal.
    /// </exception>
    public static RolloutLedger Open(string folder, RunSettings settings, int rollouts)
    {
        string path = Path.Combine(folder, FileName);
        Journal journal = Journal.Open(path);
        try
        {
            var ledger = new RolloutLedger(journal, rollouts) { Notes = NotesOf(journal) };
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

    /// <summary>Whether the rollout is stored.</summary>
    public bool Has(int index) => _offsets[index] != 0;

    /// <summary>Stores a rollout; false when it was stored before, and the new one is left out.</summary>
    /// <exception cref="InputException">The disk is full.</exception>
    public bool Add(RolloutRecord record)
    {
        if (Has(record.Index)) return false;
        _offsets[record.Index] = Append(RolloutType, record.ToBytes());
        Tally.Add(RolloutSummary.Of(record));
        return true;
    }

    /// <summary>Reads a stored rollout.</summary>
    public RolloutRecord Read(int index) => RolloutRecord.Read(_journal.Read(_offsets[index])[1..]);

    /// <summary>Notes that a part file was written.</summary>
    public void AddPart(int part, long bytes)
    {
        Span<byte> record = stackalloc byte[12];
        BinaryPrimitives.WriteInt32LittleEndian(record, part);
        BinaryPrimitives.WriteInt64LittleEndian(record[4..], bytes);
        Append(PartType, record);
        _partBytes[part] = bytes;
    }

    /// <summary>Length of a part file that was written, or null.</summary>
    public long? BytesOfPart(int part) => _partBytes.TryGetValue(part, out long bytes) ? bytes : null;

    /// <summary>Makes what is stored survive a power cut.</summary>
    public void Flush() => _journal.Flush();

    /// <inheritdoc/>
    public void Dispose() => _journal.Dispose();

    private void Load(string folder, RunSettings settings)
    {
        if (_journal.Count == 0)
        {
            string traces = TraceParts.FolderIn(folder);
            if (Directory.Exists(traces) && Directory.EnumerateFiles(traces, "*.parquet").Any())
                throw new InputException($"{folder}: holds traces, but not the journal that they came from", "choose another output folder, or delete this one");
            Append(SettingsType, settings.ToBytes());
            return;
        }
        foreach ((long offset, byte[] record) in _journal.ReadAll())
        {
            switch (record[0])
            {
                case SettingsType:
                    settings.ThrowIfDiffers(folder, RunSettings.Read(record.AsSpan(1)));
                    break;
                case RolloutType:
                    RolloutSummary summary = RolloutSummary.Read(record[1..]);
                    if (summary.Index < 0 || summary.Index >= _offsets.Length) throw new InvalidDataException($"a rollout with index {summary.Index}");
                    if (Has(summary.Index)) break;
                    _offsets[summary.Index] = offset;
                    Tally.Add(summary);
                    break;
                case PartType when record.Length == 13:
                    _partBytes[BinaryPrimitives.ReadInt32LittleEndian(record.AsSpan(1))] = BinaryPrimitives.ReadInt64LittleEndian(record.AsSpan(5));
                    break;
                default:
                    throw new InvalidDataException($"a record of type {record[0]}");
            }
        }
    }

    private long Append(byte type, ReadOnlySpan<byte> payload)
    {
        byte[] record = new byte[payload.Length + 1];
        record[0] = type;
        payload.CopyTo(record.AsSpan(1));
        return _journal.Append(record);
    }

    private static string[] NotesOf(Journal journal) => journal.Damage is not { } damage ? [] :
        [$"{journal.Path}: damaged at byte {damage.Offset}; everything before it was kept, the rest is asked for again (the damaged bytes are in {damage.SetAside})"];
}
