using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Xunit;

namespace Distill.CliTests;

/// <summary>teacher-gen killed with -9 at random moments, started again, and compared with a run that nobody disturbed.</summary>
public sealed class TeacherGenKillTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void KilledAgainAndAgainItGivesTheSameFiles()
    {
        const int kills = 12;
        Assert.Equal(0, CliProcess.Run(_folder.Path, "prompts", "--basic", "20000", "--out", "problems").ExitCode);
        CliResult whole = CliProcess.Run(_folder.Path, Arguments("whole"));
        Assert.True(whole.ExitCode == 0, whole.Error);

        KilledRun.KillAgainAndAgain(_folder, "killed", Arguments("killed"), KilledRun.Length(_folder, "whole"), kills, seed: 7);

        CliResult last = CliProcess.Run(_folder.Path, Arguments("killed"));
        Assert.True(last.ExitCode == 0, last.Error);
        Assert.Equal(20000, Rollouts("killed"));
        Assert.Equal(Parts("whole"), Parts("killed"));
        Assert.Equal(10, Parts("killed").Length);
    }

    [Fact]
    public void AFullDiskLosesNothing()
    {
        Assert.SkipUnless(SurvivalTests.CanMount(), "needs a user namespace to mount a file system of 500 kB in");
        Assert.Equal(0, CliProcess.Run(_folder.Path, "prompts", "--basic", "6000", "--out", "problems").ExitCode);
        CliResult whole = CliProcess.Run(_folder.Path, Arguments("whole"));
        Assert.True(whole.ExitCode == 0, whole.Error);
        string disk = Directory.CreateDirectory(_folder["disk"]).FullName, saved = Directory.CreateDirectory(_folder["saved"]).FullName;
        string script = $"mount -t tmpfs -o size=500k none '{disk}' && {{ \"$@\"; code=$?; cp -a '{disk}/.' '{saved}/'; exit $code; }}";

        using CliProcess process = CliProcess.Start(_folder.Path, ["unshare", "-Urm", "sh", "-c", script, "sh"], Arguments("disk/run"));
        CliResult full = process.Wait();
        Assert.Equal(1, full.ExitCode);
        Assert.Contains("the disk is full\nhint: free some space", full.Error);

        CliResult resumed = CliProcess.Run(_folder.Path, Arguments("saved/run"));
        Assert.True(resumed.ExitCode == 0, resumed.Error);
        Assert.Equal(Parts("whole"), Parts("saved/run"));
    }

    [Fact]
    public void ADiskThatFailsLosesNothingThatItConfirmed()
    {
        Assert.SkipUnless(FailingDisk.IsPossible, "needs strace, to answer for the disk");
        Assert.Equal(0, CliProcess.Run(_folder.Path, "prompts", "--basic", "6000", "--out", "problems").ExitCode);
        CliResult whole = CliProcess.Run(_folder.Path, Arguments("whole"));
        Assert.True(whole.ExitCode == 0, whole.Error);

        int failed = 0;
        foreach (int from in new[] { 1, 3, 6, 10, 15, 21 })
        {
            // From that call on, the system says that the disk could not keep the bytes.
            using CliProcess process = CliProcess.Start(_folder.Path, FailingDisk.From("fsync", "EIO", from), Arguments("failing"));
            CliResult result = process.Wait();
            if (result.ExitCode == 0) break; // it was done before the disk failed
            failed++;
            Assert.Equal(1, result.ExitCode);
            Assert.Contains("(input/output error)\nhint: ", result.Error, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("unexpected", result.Error, StringComparison.Ordinal);
        }
        Assert.True(failed >= 3, $"only {failed} runs met the failing disk");

        CliResult resumed = CliProcess.Run(_folder.Path, Arguments("failing"));
        Assert.True(resumed.ExitCode == 0, resumed.Error);
        Assert.Equal(6000, Rollouts("failing"));
        Assert.Equal(Parts("whole"), Parts("failing"));
    }

    [Fact]
    public void AFolderOfOtherSettingsIsRefusedWithAWayOut()
    {
        File.WriteAllText(_folder["p.jsonl"], """{"prompt":"Compute 1+1.","answer":"2","reference_reasoning":"1+1=2"}""" + "\n");
        string[] first = ["teacher-gen", "--prompts", "p.jsonl", "--teacher", "worked", "--out", "out"];
        Assert.Equal(0, CliProcess.Run(_folder.Path, first).ExitCode);
        CliResult refused = CliProcess.Run(_folder.Path, [.. first, "--seed", "3"]);
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("`--fork`", refused.Error);
        CliResult forked = CliProcess.Run(_folder.Path, [.. first, "--seed", "3", "--fork"]);
        Assert.True(forked.ExitCode == 0, forked.Error);
        Assert.Equal(1, Rollouts("out"));
    }

    [Fact]
    public async Task NoCompletionOfAServerIsPaidForTwiceOrLost()
    {
        const int prompts = 400, concurrency = 4;
        File.WriteAllLines(_folder["p.jsonl"], Enumerable.Range(0, prompts).Select(i => $$"""{"id":"p{{i}}","prompt":"Compute {{i}}+1.","answer":"{{i + 1}}"}"""));
        var asked = new ConcurrentDictionary<string, int>();
        int until = 0;
        // From then on it gives no answer any more, so that a run cannot be over before it is killed.
        var (url, server) = Serve(asked, () => asked.Values.Sum() <= Volatile.Read(ref until));
        using (server)
        {
            string[] arguments = ["teacher-gen", "--prompts", "p.jsonl", "--endpoint", url, "--model", "m", "--max-tokens", "100", "--concurrency", $"{concurrency}", "--out", "out"];
            var random = new Random(11);
            int killed = 0;
            for (; killed < 5; killed++)
            {
                Volatile.Write(ref until, asked.Values.Sum() + 10 + random.Next(50));
                using CliProcess process = CliProcess.Start(_folder.Path, arguments);
                while (!process.HasExited && asked.Values.Sum() < until) await Task.Delay(1);
                Assert.False(process.HasExited, process.Error);
                process.Kill();
            }
            Volatile.Write(ref until, int.MaxValue);
            CliResult last = CliProcess.Run(_folder.Path, arguments);
            Assert.True(last.ExitCode == 0, last.Error);

            Assert.Equal(prompts, asked.Count);
            Assert.Equal(prompts, Rollouts("out"));
            // asked for again: what was under way when the process died (twice the places at most, what waits to be handed over
            // among it), one handed over and one being stored; however slow the machine is
            Assert.InRange(asked.Values.Sum() - prompts, 0, killed * ((2 * concurrency) + 2));
        }
    }

    private static string[] Arguments(string folder) => ["teacher-gen", "--prompts", "problems/prompts.jsonl", "--teacher", "worked", "--out", folder];

    // A server that counts how often each rollout was asked for.
    private static (string Url, HttpListener Server) Serve(ConcurrentDictionary<string, int> asked, Func<bool> answers)
    {
        int port = FreePort.Take();
        var listener = new HttpListener();
        listener.Prefixes.Add($"http://127.0.0.1:{port}/");
        listener.Start();
        _ = Task.Run(async () =>
        {
            while (listener.IsListening)
            {
                HttpListenerContext context;
                try
                {
                    context = await listener.GetContextAsync();
                }
                catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
                {
                    return;
                }
                _ = Task.Run(() => Answer(context, asked, answers));
            }
        });
        return ($"http://127.0.0.1:{port}/v1", listener);
    }

    private static async Task Answer(HttpListenerContext context, ConcurrentDictionary<string, int> asked, Func<bool> answers)
    {
        string reply = """{"data":[{"id":"m"}]}""";
        if (context.Request.HttpMethod == "POST")
        {
            asked.AddOrUpdate(context.Request.Headers["X-Request-Id"]!.Split('-')[0], 1, (_, count) => count + 1);
            while (!answers()) await Task.Delay(10);
            await Task.Delay(10);
            reply = """{"model":"m","choices":[{"finish_reason":"stop","message":{"content":"I add.</think>\\boxed{1}"}}],"usage":{"prompt_tokens":5,"completion_tokens":7}}""";
        }
        try
        {
            context.Response.ContentType = "application/json";
            context.Response.Close(Encoding.UTF8.GetBytes(reply), willBlock: true);
        }
        catch (HttpListenerException) { } // the process that asked is dead
        catch (IOException) { }
    }

    private int Rollouts(string run)
    {
        using JsonDocument manifest = JsonDocument.Parse(File.ReadAllText(Path.Combine(_folder[run], "manifest.json")));
        return manifest.RootElement.GetProperty("results").GetProperty("rollouts").GetInt32();
    }

    private string[] Parts(string run) => [.. Directory.GetFiles(Path.Combine(_folder[run], "traces")).Order(StringComparer.Ordinal)
        .Select(file => $"{Path.GetFileName(file)} {Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file)))}")];
}
