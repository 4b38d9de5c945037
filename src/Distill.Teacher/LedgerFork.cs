using Distill.Runs;

namespace Distill.Teacher;

/// <summary>
/// A run that begins anew in the folder of another one (<c>--fork</c>): the other's ledger is set aside, never deleted, and what
/// it holds that the new settings share is taken over instead of paid for again.
/// </summary>
internal static class LedgerFork
{
    private const string Aside = RolloutLedger.FolderName + "-before-";

    /// <summary>Sets the ledger of a folder aside when it belongs to other settings.</summary>
    /// <param name="folder">The run folder.</param>
    /// <param name="settings">The new settings.</param>
    public static void SetAside(string folder, RunSettings settings)
    {
        string ledger = Path.Combine(folder, RolloutLedger.FolderName);
        if (!Directory.Exists(ledger) || (RolloutLedger.SettingsOf(folder) is { } before && settings.Fits(before))) return;
        AtomicFile.Guard(folder, () =>
        {
            using (FolderLock.Take(ledger)) { } // another process may be writing it
            // The parts first: they can be written again from the ledger, as long as it is there.
            foreach (string part in TraceParts.FilesIn(folder)) File.Delete(part);
            int number = 1;
            while (Directory.Exists($"{Path.Combine(folder, Aside)}{number}")) number++;
            Directory.Move(ledger, $"{Path.Combine(folder, Aside)}{number}");
        });
    }

    /// <summary>Adds what earlier forks of a folder left.</summary>
    public static void AddTo(CompletionCache cache, string folder)
    {
        if (!Directory.Exists(folder)) return;
        foreach (string ledger in Directory.EnumerateDirectories(folder, Aside + "*").Order(StringComparer.Ordinal)) cache.AddLedger(ledger);
    }
}
