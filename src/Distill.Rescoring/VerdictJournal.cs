using System.Text;
using Distill.Runs;
using Distill.Verification;

namespace Distill.Rescoring;

/// <summary>
/// The verdicts of a run under way, beside the output file: a killed run goes on where it was. Holds an offset for each piece and the judge's
/// verdicts.
/// </summary>
internal sealed class VerdictJournal : IDisposable
{
    private const byte Piece = (byte)'P', Judged = (byte)'J';

    private readonly Journal _journal;
    private readonly List<long> _pieces = [];
    private readonly Dictionary<(long Row, int Completion), Verdict> _judged = [];

    private VerdictJournal(Journal journal) => _journal = journal;

    /// <summary>Pieces whose verdicts are there.</summary>
    public int Pieces => _pieces.Count;

    /// <summary>The judge's verdicts by row and completion.</summary>
    public IReadOnlyDictionary<(long Row, int Completion), Verdict> JudgeVerdicts => _judged;

    /// <summary>Opens the journal of an output file.</summary>
    /// <param name="path">The journal.</param>
    /// <param name="settings">What decides the verdicts: a journal of other settings is begun anew.</param>
    /// <exception cref="InputException">Another process works on the same output, or it cannot be written.</exception>
    public static VerdictJournal Open(string path, string settings)
    {
        var opened = new VerdictJournal(Journal.OpenFor(path, settings));
        opened.Load();
        return opened;
    }

    /// <summary>Stores the verdicts of the next piece.</summary>
    public void AddPiece(IReadOnlyList<JudgedRow> rows) => _pieces.Add(Append(Piece, JudgedRow.ToBytes(rows)));

    /// <summary>Reads the verdicts of a piece.</summary>
    public JudgedRow[] ReadPiece(int index) => JudgedRow.FromBytes(_journal.Read(_pieces[index]).AsMemory(1));

    /// <summary>Stores a verdict of the judge.</summary>
    public void AddJudged(long row, int completion, Verdict verdict)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream, Encoding.UTF8);
        writer.Write(row);
        writer.Write(completion);
        JudgedRow.WriteVerdict(writer, verdict);
        writer.Flush();
        Append(Judged, stream.ToArray());
        _judged[(row, completion)] = verdict;
    }

    /// <inheritdoc/>
    public void Dispose() => _journal.Dispose();

    private void Load()
    {
        foreach ((long offset, byte[] record) in _journal.ReadAll())
        {
            if (record[0] == Piece) _pieces.Add(offset);
            if (record[0] != Judged) continue;
            using var reader = new BinaryReader(new MemoryStream(record, 1, record.Length - 1), Encoding.UTF8);
            (long row, int completion) = (reader.ReadInt64(), reader.ReadInt32());
            _judged[(row, completion)] = JudgedRow.ReadVerdict(reader);
        }
    }

    private long Append(byte type, byte[] payload) => _journal.Append([type, .. payload]);
}
