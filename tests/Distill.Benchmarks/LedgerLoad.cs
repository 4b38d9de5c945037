using System.Diagnostics;
using Distill.Chat;
using Distill.Prompts;
using Distill.Runs;
using Distill.Teacher;
using Distill.Verification;

namespace Distill.Benchmarks;

/// <summary>Opening the ledger of a run with millions of finished rollouts, against reading its index files as bytes. <c>ledger [rollouts]</c></summary>
internal sealed class LedgerLoad : IMeasurement
{
    public string Name => "ledger";

    public string Summary => "resume of five million rollouts: seconds and memory, against reading the same index bytes";

    public Task RunAsync(string[] arguments)
    {
        int rollouts = arguments.Length > 0 ? int.Parse(arguments[0]) : 5_000_000;
        string folder = Directory.CreateTempSubdirectory("distill-ledger-").FullName;
        try
        {
            Measure(folder, rollouts);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
        return Task.CompletedTask;
    }

    private static void Measure(string folder, int rollouts)
    {
        var options = new TeacherGenOptions { Samples = rollouts };
        var plan = new RolloutPlan([Prompt.FromUser("Compute 1+1.", "2")], "teacher", options);
        RunSettings settings = RunSettings.Of(plan, options, Verifiers.Create(["exact"]), null, RunShard.Whole, 2000);
        var journal = new JournalOptions { FlushEveryRecords = int.MaxValue, FlushEvery = TimeSpan.FromHours(1) };
        var clock = Stopwatch.StartNew();
        using (RolloutLedger ledger = RolloutLedger.Open(folder, settings, rollouts, journal))
        {
            for (int i = 0; i < rollouts; i++) ledger.Add(Record(i));
        }
        Console.WriteLine($"{rollouts:N0} rollouts stored in {clock.Elapsed.TotalSeconds:0.0} s, {Directory.GetFiles(Path.Combine(folder, RolloutLedger.FolderName)).Sum(file => new FileInfo(file).Length) >> 20} MB");

        clock.Restart();
        long bytes = Directory.GetFiles(Path.Combine(folder, RolloutLedger.FolderName), "*.index").Sum(file => (long)File.ReadAllBytes(file).Length);
        double reading = clock.Elapsed.TotalSeconds;
        GC.Collect();
        long before = GC.GetTotalMemory(forceFullCollection: true);
        clock.Restart();
        using RolloutLedger again = RolloutLedger.Open(folder, settings, rollouts, journal);
        double opening = clock.Elapsed.TotalSeconds;
        using var self = Process.GetCurrentProcess();
        Console.WriteLine($"opened in {opening:0.00} s ({opening / reading:0.0} of reading {bytes >> 20} MB of index), {again.Tally.Rollouts:N0} known, {(GC.GetTotalMemory(forceFullCollection: true) - before) >> 20} MB held, {self.PeakWorkingSet64 >> 20} MB resident at most");
    }

    private static RolloutRecord Record(int index) => new()
    {
        Index = index,
        Key = (UInt128)index,
        Id = "0123456789abcdef01234567",
        Completion = new Completion { RawText = "<think>\n1+1=2\n</think>\n\n\\boxed{2}", Reasoning = "1+1=2", Answer = "\\boxed{2}", FinishReason = FinishReason.Stop, PromptTokens = 9, CompletionTokens = 12 },
        Verdict = new Verdict(Outcome.Correct, "equal_number", "2", "exact"),
        Seconds = 1,
        RunSeconds = index,
    };
}
