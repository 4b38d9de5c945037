using System.Text.Json;
using Distill.Runs;
using Distill.Traces;
using Distill.Verification;

namespace Distill.Curation.Resuming;

/// <summary>
/// What a curation under way has done, beside its output: what the first reading found in each piece, which parts of the training set are written,
/// the examples shown. A killed curation reads and writes none of that again, and gives the same bytes.
/// </summary>
internal sealed class CurationJournal : IDisposable
{
    private const string FileName = ".curation-journal";
    private const byte Piece = (byte)'P', Part = (byte)'W', Example = (byte)'E';

    private readonly Journal _journal;
    private readonly List<(Fate Fate, string PromptId, TraceExample Example)> _examples = [];
    private long[] _pieces = [];

    private CurationJournal(Journal journal) => _journal = journal;

    /// <summary>Pieces that an earlier run read.</summary>
    public int Pieces => _pieces.Length;

    /// <summary>Parts of the training set that an earlier run wrote.</summary>
    public int Parts { get; private set; }

    /// <summary>First row that is in none of those parts.</summary>
    public int NextRow { get; private set; }

    /// <summary>Examples that an earlier run found, in order.</summary>
    public IReadOnlyList<(Fate Fate, string PromptId, TraceExample Example)> Examples => _examples;

    /// <summary>Opens the journal of an output folder; one of other options or files is begun anew.</summary>
    /// <exception cref="InputException">Another process works there, or it cannot be written.</exception>
    public static CurationJournal Open(CurateOptions options)
    {
        var opened = new CurationJournal(Journal.OpenFor(Path.Combine(options.Out, FileName), SettingsOf(options)));
        opened.Load();
        return opened;
    }

    /// <summary>What an earlier run found in a piece. Safe for several threads.</summary>
    public Reading[] Read(int piece) => SurveyRecord.FromBytes(_journal.Read(_pieces[piece]).AsMemory(1));

    /// <summary>Stores what was found in the next piece.</summary>
    public void AddPiece(byte[] record) => Append(Piece, record);

    /// <summary>Stores that a part is on the disk.</summary>
    /// <param name="parts">Parts there are now.</param>
    /// <param name="nextRow">First row that is in none of them.</param>
    public void AddPart(int parts, int nextRow) => Append(Part, [.. BitConverter.GetBytes(parts), .. BitConverter.GetBytes(nextRow)]);

    /// <summary>Stores an example.</summary>
    public void AddExample(Fate fate, string promptId, TraceExample example) =>
        Append(Example, JsonSerializer.SerializeToUtf8Bytes(new StoredExample(fate, promptId, example)));

    /// <summary>Removes the journal of a curation that is done.</summary>
    public void Delete()
    {
        Dispose();
        File.Delete(_journal.Path);
    }

    /// <inheritdoc/>
    public void Dispose() => _journal.Dispose();

    private void Load()
    {
        var pieces = new List<long>();
        foreach ((long offset, byte[] record) in _journal.ReadAll())
        {
            if (record[0] == Piece) pieces.Add(offset);
            else if (record[0] == Part) (Parts, NextRow) = (BitConverter.ToInt32(record, 1), BitConverter.ToInt32(record, 5));
            else if (record[0] == Example && JsonSerializer.Deserialize<StoredExample>(record.AsSpan(1)) is { } stored) _examples.Add((stored.Fate, stored.PromptId, stored.Example));
        }
        _pieces = [.. pieces];
    }

    // What decides the result. The contents of the files are the business of whoever runs the stage; here their sizes and times do.
    private static string SettingsOf(CurateOptions options)
    {
        IEnumerable<string> files = options.Traces.Concat(options.General).SelectMany(TraceDataset.FilesOf).Concat(options.Decontaminate.Where(File.Exists));
        return JsonSerializer.Serialize(new
        {
            ToolVersion.Current,
            Options = options with { Out = "" },
            Verifier = options.Verify.Count > 0 ? Verifiers.Create(options.Verify).Id : "",
            Files = files.Select(file => new FileInfo(file)).Select(file => new { file.FullName, file.Length, file.LastWriteTimeUtc.Ticks }),
        });
    }

    private void Append(byte type, byte[] payload) => _journal.Append([type, .. payload]);

    private sealed record StoredExample(Fate Fate, string PromptId, TraceExample Example);
}
