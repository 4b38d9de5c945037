using Distill.Inference;
using Distill.Runs;

namespace Distill.Teacher;

/// <summary>
/// Complete rollouts of other runs, found by what decides them: messages, teacher, sampling, seed and sample index, whatever the
/// dataset, its order or its files. A cache folder holds one small file for each run, which names the run's ledger; texts are
/// stored once, in the run that paid for them.
/// </summary>
internal sealed class CompletionCache : IDisposable
{
    private const string Ending = ".ledger";

    private readonly List<SegmentedJournal> _journals = [];
    private readonly Dictionary<UInt128, (SegmentedJournal Journal, long Position)> _found = [];

    /// <summary>Rollouts that can be taken over.</summary>
    public int Count => _found.Count;

    /// <summary>Adds the ledgers that a cache folder names, and names the run's own for the runs that follow.</summary>
    /// <param name="folder">The cache folder; made when it is missing.</param>
    /// <param name="runFolder">Folder of this run.</param>
    public void AddFolder(string folder, string runFolder)
    {
        string own = Path.GetFullPath(Path.Combine(runFolder, RolloutLedger.FolderName));
        if (Directory.Exists(folder))
        {
            foreach (string file in Directory.EnumerateFiles(folder, "*" + Ending).Order(StringComparer.Ordinal))
                if (File.ReadAllText(file).Trim() is { Length: > 0 } ledger && ledger != own) AddLedger(ledger);
        }
        AtomicFile.WriteText(Path.Combine(folder, Fingerprint.OfTexts(own)[..16] + Ending), own + "\n");
    }

    /// <summary>Adds a ledger; one that is gone or damaged has nothing to give.</summary>
    public void AddLedger(string ledger)
    {
        if (!Directory.Exists(ledger)) return;
        SegmentedJournal journal = SegmentedJournal.OpenRead(ledger);
        _journals.Add(journal);
        try
        {
            foreach ((UInt128 key, long position) in RolloutLedger.CompleteRollouts(journal)) _found.TryAdd(key, (journal, position));
        }
        catch (Exception e) when (e is InputException or IOException or UnauthorizedAccessException) { }
    }

    /// <summary>The rollout as another run completed it, or null.</summary>
    public CompletedRequest? Find(UInt128 key, CompletionRequest request)
    {
        if (!_found.TryGetValue(key, out (SegmentedJournal Journal, long Position) place)) return null;
        try
        {
            RolloutRecord record = RolloutLedger.ReadAt(place.Journal, place.Position);
            return new CompletedRequest(request, record.Completion with { Origin = record.Completion.Origin with { Attempts = 0 } }, record.Seconds);
        }
        catch (Exception e) when (e is InputException or InvalidDataException or IOException)
        {
            return null; // its run was deleted meanwhile: it is asked for like any other
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (SegmentedJournal journal in _journals) journal.Dispose();
    }
}
