using System.Text.Json;
using Xunit;

namespace Distill.CliTests;

/// <summary>A run that is stopped, killed, or out of disk loses nothing and goes on to the same bytes.</summary>
public sealed class SurvivalTests : IDisposable
{
    private const int Interrupt = 2, Terminate = 15, Continue = 18, Stop = 19; // as Linux numbers them

    private readonly TemporaryFolder _folder = new();

    public SurvivalTests() => SmallRun.Write(_folder, "small");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void KilledAtAnyPointARunGoesOnToTheSameBytes()
    {
        // What a training has to remember most of: 16-bit weights whose rounding is drawn from the seed.
        _folder.Write("small.yaml", File.ReadAllText(_folder["small.yaml"]).Replace("max_steps: 10", "max_steps: 10, precision: bfloat16-stochastic", StringComparison.Ordinal));
        CliResult undisturbed = CliProcess.Run(_folder.Path, "run", "small.yaml", "--out", "undisturbed");
        Assert.True(undisturbed.ExitCode == 0, undisturbed.Error);
        var random = new Random(20261123);
        int kills = 0;

        while (true)
        {
            using CliProcess process = CliProcess.Start(_folder.Path, "run", "small.yaml", "--out", "killed");
            // Ever later, so that the run ends although each attempt is cut off; random, so that every stage is hit over time.
            if (kills == 0) WaitFor(() => process.Error.Length > 0 || process.HasExited);
            else Thread.Sleep(TimeSpan.FromSeconds((0.3 + random.NextDouble()) * (1 + kills)));
            if (process.HasExited)
            {
                CliResult last = process.Wait();
                Assert.True(last.ExitCode == 0, last.Error);
                break;
            }
            process.Kill();
            kills++;
        }

        Assert.True(kills > 0, "the run was over before it could be killed");
        Assert.Equal(SmallRun.Hashes(_folder["undisturbed"]), SmallRun.Hashes(_folder["killed"]));
        Assert.Empty(Directory.GetFiles(_folder["killed"], "*.partial", SearchOption.AllDirectories));
    }

    [Theory]
    [InlineData(Interrupt)]
    [InlineData(Terminate)]
    public void AskedToStopARunSaysHowToGoOn(int signal)
    {
        using (CliProcess process = StandingStill())
        {
            process.Signal(signal);
            process.Signal(Continue);
            CliResult stopped = process.Wait();
            Assert.Equal(130, stopped.ExitCode);
            Assert.EndsWith("interrupted: run the same command again to go on\n", stopped.Error);
        }
        Assert.Equal("interrupted", Status("artifacts/small"));

        CliResult resumed = CliProcess.Run(_folder.Path, "run", "small.yaml");

        Assert.Equal(0, resumed.ExitCode);
        Assert.Contains("worked: already done", resumed.Error);
        Assert.Contains("student (goes on)", resumed.Error);
        Assert.Equal("done", Status("artifacts/small"));
    }

    [Fact]
    public void ASecondRunSkipsEverything()
    {
        CliResult first = CliProcess.Run(_folder.Path, "run", "small.yaml");
        Assert.True(first.ExitCode == 0, first.Error);
        byte[] report = File.ReadAllBytes(_folder["artifacts/small/report.html"]);
        Dictionary<string, DateTime> written = Written();

        CliResult second = CliProcess.Run(_folder.Path, "run", "small.yaml");

        Assert.Equal(0, second.ExitCode);
        Assert.Equal(first.Output, second.Output);
        foreach (string stage in (string[])["problems", "worked", "traces", "student", "export", "eval"]) Assert.Contains($"{stage}: already done", second.Error);
        Assert.Equal(report, File.ReadAllBytes(_folder["artifacts/small/report.html"]));
        Assert.Equal(written, Written());

        // The files of the stages, and when each was written.
        Dictionary<string, DateTime> Written() => Directory.GetDirectories(_folder["artifacts/small"])
            .SelectMany(stage => Directory.GetFiles(stage, "*", SearchOption.AllDirectories)).ToDictionary(file => file, File.GetLastWriteTimeUtc);
    }

    [Fact]
    public void AFullDiskIsOneLineAndTheRunGoesOnWhereThereIsRoom()
    {
        Assert.SkipUnless(CanMount(), "needs a user namespace to mount a file system of 700 kB in");
        string disk = Directory.CreateDirectory(_folder["disk"]).FullName, saved = Directory.CreateDirectory(_folder["saved"]).FullName;
        // The small file system lives as long as its namespace, so what it held is copied out before that ends.
        string script = $"mount -t tmpfs -o size=700k none '{disk}' && {{ \"$@\"; code=$?; cp -a '{disk}/.' '{saved}/'; exit $code; }}";

        using CliProcess process = CliProcess.Start(_folder.Path, ["unshare", "-Urm", "sh", "-c", script, "sh"], ["run", "small.yaml", "--out", "disk/run"]);
        CliResult full = process.Wait();

        Assert.Equal(1, full.ExitCode);
        Assert.Contains("the disk is full\nhint: free some space", full.Error);
        Assert.DoesNotContain("   at ", full.Error);
        Assert.Contains("problems: ", full.Error);
        CliResult resumed = CliProcess.Run(_folder.Path, "run", "small.yaml", "--out", "saved/run");
        Assert.Equal(0, resumed.ExitCode);
        Assert.Contains("problems: already done", resumed.Error);
    }

    [Fact]
    public void TwoProcessesDoNotShareARunFolder()
    {
        using CliProcess first = StandingStill();

        CliResult second = CliProcess.Run(_folder.Path, "run", "small.yaml");

        Assert.Equal(1, second.ExitCode);
        Assert.Contains("another distill process is working here", second.Error);
        first.Signal(Continue);
        Assert.Equal(0, first.Wait().ExitCode);
    }

    // A run that stands still at the beginning of its training, however late this machine looks.
    private CliProcess StandingStill()
    {
        while (true)
        {
            CliProcess process = CliProcess.Start(_folder.Path, "run", "small.yaml");
            WaitFor(() => process.Error.Contains("student") || process.HasExited);
            if (process.TrySignal(Stop))
            {
                WaitFor(() => process.StandsStill);
                if (!Directory.Exists(_folder["artifacts/small/student/checkpoints"])) return process;
            }
            process.Dispose();
            Directory.Delete(_folder["artifacts"], recursive: true);
        }
    }

    private string? Status(string runFolder)
    {
        using JsonDocument run = JsonDocument.Parse(File.ReadAllText(Path.Combine(_folder[runFolder], "run.json")));
        return run.RootElement.GetProperty("status").GetString();
    }

    private static void WaitFor(Func<bool> condition)
    {
        for (int i = 0; i < 9600 && !condition(); i++) Thread.Sleep(50);
        Assert.True(condition(), "waited eight minutes in vain");
    }

    internal static bool CanMount()
    {
        if (!OperatingSystem.IsLinux()) return false;
        try
        {
            using var probe = System.Diagnostics.Process.Start("unshare", ["-Urm", "mount", "-t", "tmpfs", "none", "/mnt"]);
            probe.WaitForExit();
            return probe.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
