namespace Distill.CliTests;

/// <summary>Kills a run of which the ledger tells how far it is, again and again.</summary>
internal static class KilledRun
{
    /// <summary>Starts the run and kills it so many times, each time after the ledger has grown by a random part.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="run">Folder of the run.</param>
    /// <param name="arguments">Its command line.</param>
    /// <param name="whole">Length of the ledger of a whole run.</param>
    /// <param name="kills">How often it is killed.</param>
    /// <param name="seed">Of the random parts.</param>
    public static void KillAgainAndAgain(TemporaryFolder folder, string run, string[] arguments, long whole, int kills, int seed)
    {
        var random = new Random(seed);
        for (int killed = 0; killed < kills;)
        {
            long until = Length(folder, run) + random.NextInt64(whole / kills);
            using CliProcess process = CliProcess.Start(folder.Path, arguments);
            while (!process.HasExited && Length(folder, run) <= until) Thread.Sleep(1);
            process.Kill();
            if (!File.Exists(Path.Combine(folder[run], "manifest.json"))) killed++;
            else Directory.Delete(folder[run], recursive: true); // this machine looked too late: it was done before, and begins anew
        }
    }

    /// <summary>Length of a run's ledger.</summary>
    public static long Length(TemporaryFolder folder, string run)
    {
        var file = new FileInfo(Path.Combine(folder[run], ".ledger", "000000.wal"));
        return file.Exists ? file.Length : 0;
    }
}
