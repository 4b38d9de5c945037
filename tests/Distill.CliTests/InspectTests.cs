using System.Text.Json;
using System.Text.RegularExpressions;
using Xunit;

namespace Distill.CliTests;

/// <summary><c>distill inspect</c>: the table for people, the JSON for scripts.</summary>
public sealed class InspectTests : IDisposable
{
    private const string Teacher = "artifacts/tiny-r1";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void AModelFolder() => Shows("inspect-model", Teacher);

    [Fact]
    public void AGgufFile()
    {
        Assert.Equal(0, CliProcess.Run(_folder.Path, "export", "--model", Teacher, "--name", "tiny", "--gguf", "Q8_0", "--out", "o").ExitCode);

        Shows("inspect-gguf", "o/gguf/tiny-Q8_0.gguf");
    }

    [Fact]
    public void TracesOfAStage()
    {
        Assert.Equal(0, CliProcess.Run(_folder.Path, "prompts", "--basic", "20", "--seed", "3", "--out", "problems").ExitCode);
        Assert.Equal(0, CliProcess.Run(_folder.Path, "teacher-gen", "--prompts", "problems/prompts.jsonl", "--teacher", "worked", "--out", "worked").ExitCode);

        Shows("inspect-traces", "worked/traces");

        CliResult json = CliProcess.Run(_folder.Path, "inspect", "worked", "--json");
        Assert.Equal(0, json.ExitCode);
        using JsonDocument facts = JsonDocument.Parse(json.Output);
        JsonElement root = facts.RootElement;
        Assert.Equal("traces", root.GetProperty("kind").GetString());
        Assert.Equal((20, 20), (root.GetProperty("rows").GetInt32(), root.GetProperty("distinct_ids").GetInt32()));
        Assert.Equal(20, root.GetProperty("verdicts").GetProperty("correct").GetInt32());
        Assert.Equal(20, root.GetProperty("end_states").GetProperty("complete").GetInt32());
        Assert.Equal(JsonValueKind.Number, root.GetProperty("tokens").GetProperty("completion").ValueKind);
        Assert.True(root.GetProperty("stage").GetProperty("finished").GetBoolean());
    }

    [Fact]
    public void NothingThere()
    {
        CliResult result = CliProcess.Run(_folder.Path, "inspect", "no-such-thing");

        Assert.Equal((1, "error: no-such-thing: no such file or folder\nhint: check the path\n"), (result.ExitCode, result.Error));
    }

    [Fact]
    public void SignsThatATerminalWouldObeyAreShownAsTheyAre()
    {
        _folder.Write("model/config.json", """{"architectures": ["\u001b[2J\u202eevil"]}""");

        Assert.Contains("\\u001b[2J\\u202eevil", CliProcess.Run(_folder.Path, "inspect", "model").Output);
    }

    private void Shows(string snapshot, string path)
    {
        CliResult result = CliProcess.Run(_folder.Path, "inspect", path);

        Assert.True(result.ExitCode == 0, result.Error);
        Snapshot.Match(snapshot, Regex.Replace(result.Output, @"0\.\d+\.\d+\+[0-9a-f]{40}", "<version>"), _folder.Path);
    }
}
