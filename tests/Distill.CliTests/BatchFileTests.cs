using System.Security.Cryptography;
using System.Text.Json;
using Xunit;

namespace Distill.CliTests;

/// <summary>teacher-gen by way of batch files, and its pilot, as a user types them.</summary>
public sealed class BatchFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void AnIngestKilledAgainAndAgainLosesAndRepeatsNothing()
    {
        const int kills = 8, prompts = 8000;
        Assert.Equal(0, CliProcess.Run(_folder.Path, "prompts", "--basic", $"{prompts}", "--out", "problems").ExitCode);
        CliResult emitted = CliProcess.Run(_folder.Path, Arguments("whole", "--emit-batch", "batch.jsonl", "--batch-requests", "5000"));
        Assert.True(emitted.ExitCode == 4, emitted.Error);
        Assert.Contains($"wrote {prompts} requests to batch.jsonl, batch-2.jsonl", emitted.Output);
        Assert.Contains("next: distill teacher-gen --prompts problems/prompts.jsonl --model m --batch-requests 5000 --out whole --ingest-batch RESULTS.jsonl", emitted.Output);
        string[] files = [Answer("batch.jsonl"), Answer("batch-2.jsonl")];
        CliResult whole = CliProcess.Run(_folder.Path, Arguments("whole", ["--ingest-batch", .. files]));
        Assert.True(whole.ExitCode == 0, whole.Error);

        KilledRun.KillAgainAndAgain(_folder, "killed", Arguments("killed", ["--ingest-batch", .. files]), KilledRun.Length(_folder, "whole"), kills, seed: 5);

        CliResult last = CliProcess.Run(_folder.Path, Arguments("killed", ["--ingest-batch", .. files.Reverse()]));
        Assert.True(last.ExitCode == 0, last.Error);
        Assert.Contains($"rollouts: {prompts}", last.Output);
        Assert.Contains("wasted_tokens: 0", last.Output);
        Assert.Equal(Parts("whole"), Parts("killed"));
    }

    [Fact]
    public void APilotTellsTheCommandOfTheWholeRunWhichTakesItOver()
    {
        Assert.Equal(0, CliProcess.Run(_folder.Path, "prompts", "--basic", "300", "--out", "problems").ExitCode);
        string[] arguments = ["teacher-gen", "--prompts", "problems/prompts.jsonl", "--teacher", "worked", "--cache", "runs/cache", "--out", "out dir"]; // the cache grows, and is no part of the run
        CliResult pilot = CliProcess.Run(_folder.Path, [.. arguments, "--pilot", "20"]);
        Assert.True(pilot.ExitCode == 0, pilot.Error);
        Assert.Contains("pilot: 20 rollouts of 20 prompts", pilot.Output);
        Assert.Contains("accepted             100.0 % (83.9 % to 100.0 %)", pilot.Output);
        Assert.Contains("whole run: 300 rollouts, 280 left", pilot.Output);
        Assert.Contains("next: distill teacher-gen --prompts problems/prompts.jsonl --teacher worked --cache runs/cache --out 'out dir'\n", pilot.Output.ReplaceLineEndings("\n"));
        Assert.True(File.Exists(_folder["out dir/pilot.json"]));
        Assert.False(File.Exists(_folder["out dir/manifest.json"]));
        CliResult rest = CliProcess.Run(_folder.Path, arguments);
        Assert.True(rest.ExitCode == 0, rest.Error);
        Assert.Contains("rollouts: 300", rest.Output);
    }

    [Fact]
    public void APipelineStopsAtAPilotAndGoesOnWithoutIt()
    {
        _folder.Write("p.yaml", """
            name: pilot
            stages:
              - prompts:     { id: problems, basic: 60 }
              - teacher-gen: { id: traces, prompts: $problems, teacher: worked, pilot: 10 }
              - curate:      { id: data, traces: $traces }
            """);
        CliResult pilot = CliProcess.Run(_folder.Path, "run", "p.yaml", "--out", "run");
        Assert.True(pilot.ExitCode == 0, pilot.Error);
        Assert.Contains("next: leave `pilot` out, and run the pipeline again", pilot.Output);
        Assert.False(Directory.Exists(_folder["run/data"]));
        _folder.Write("p.yaml", File.ReadAllText(_folder["p.yaml"]).Replace(", pilot: 10", "", StringComparison.Ordinal));
        CliResult whole = CliProcess.Run(_folder.Path, "run", "p.yaml", "--out", "run");
        Assert.True(whole.ExitCode == 0, whole.Error);
        Assert.Contains("traces (goes on)", whole.Error);
        Assert.True(File.Exists(_folder["run/data/manifest.json"]));
    }

    private static string[] Arguments(string folder, params string[] further) => ["teacher-gen", "--prompts", "problems/prompts.jsonl", "--model", "m", "--out", folder, .. further];

    // Completes a batch file as a service does, in another order.
    private string Answer(string file)
    {
        var lines = new List<string>();
        foreach (string line in File.ReadLines(_folder[file]))
        {
            using JsonDocument request = JsonDocument.Parse(line);
            string id = request.RootElement.GetProperty("custom_id").GetString()!;
            lines.Add($$$$"""{"id":"b","custom_id":"{{{{id}}}}","response":{"status_code":200,"body":{"model":"m","choices":[{"finish_reason":"stop","message":{"reasoning_content":"I add {{{{id}}}}.","content":"\\boxed{1}"}}],"usage":{"prompt_tokens":5,"completion_tokens":12}}},"error":null}""");
        }
        lines.Reverse();
        File.WriteAllLines(_folder["done-" + file], lines);
        return "done-" + file;
    }

    private string[] Parts(string run) => [.. Directory.GetFiles(Path.Combine(_folder[run], "traces")).Order(StringComparer.Ordinal)
        .Select(file => $"{Path.GetFileName(file)} {Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file)))}")];
}
