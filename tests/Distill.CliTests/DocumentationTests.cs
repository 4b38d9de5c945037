using System.Text.RegularExpressions;
using Xunit;

namespace Distill.CliTests;

/// <summary>What the documents tell people to type exists.</summary>
public sealed partial class DocumentationTests
{
    public static TheoryData<string> Documents => ["README.md", "eval/README.md", "pipelines/README.md", ".github/CONTRIBUTING.md", "src/README.md"];

    [Theory]
    [MemberData(nameof(Documents))]
    public void EveryCommandAndFlagExists(string document)
    {
        string text = File.ReadAllText(Path.Combine(CliProcess.Root, document)).Replace("\\\n", " ");
        foreach (Match line in CommandLine().Matches(text))
        {
            string command = line.Groups["command"].Value;
            CliResult help = CliProcess.Run(CliProcess.Root, [.. command.Split(' '), "--help"]);
            Assert.True(help.ExitCode == 0, $"{document}: `distill {command}` does not exist");
            foreach (Match flag in Flag().Matches(line.Value))
                Assert.True(Regex.IsMatch(help.Output, $@"(?m)^\s+(-\S, )*{Regex.Escape(flag.Value)}\b"), $"{document}: `distill {command}` has no {flag.Value}");
        }
    }

    [Theory]
    [MemberData(nameof(Documents))]
    public void EveryLinkLeadsToAFile(string document)
    {
        string folder = Path.GetDirectoryName(Path.Combine(CliProcess.Root, document))!;
        foreach (Match link in Link().Matches(File.ReadAllText(Path.Combine(CliProcess.Root, document))))
            Assert.True(Path.Exists(Path.Combine(folder, link.Groups["path"].Value)), $"{document}: {link.Value} leads nowhere");
    }

    [Fact]
    public void EveryPipelineCanBePlanned()
    {
        using var folder = new TemporaryFolder();
        string[] pipelines = Directory.GetFiles(Path.Combine(CliProcess.Root, "pipelines"), "*.yaml");
        Assert.NotEmpty(pipelines);
        // What r1-to-qwen-1.5b.yaml asks its user for.
        folder.Write("problems.jsonl", """{"prompt":"Compute 1+1.","answer":"2"}""");
        foreach (string model in (string[])["DeepSeek-R1", "Qwen2.5-Math-1.5B"]) folder.Write($"{model}/config.json", "{}");
        folder.Write("eval/suites/gsm8k.yaml", File.ReadAllText(Path.Combine(CliProcess.Root, "eval", "suites", "gsm8k.yaml")));
        folder.Write("eval/data/gsm8k/test.jsonl", """{"question":"1+1?","answer":"#### 2"}""");
        Assert.All(pipelines, pipeline =>
        {
            CliResult plan = CliProcess.Run(folder.Path, "run", pipeline, "--dry-run");
            Assert.True(plan.ExitCode == 0, plan.Error);
        });
    }

    [GeneratedRegex(@"(?:\./|^|`)distill (?<command>run|prompts|plan teacher|plan train|teacher serve|teacher-gen|verify|curate|train|export|eval|chat|inspect|doctor)\b[^`\n]*", RegexOptions.Multiline)]
    private static partial Regex CommandLine();

    [GeneratedRegex(@"(?<=\s)--[a-z][a-z-]*")]
    private static partial Regex Flag();

    [GeneratedRegex(@"\]\((?<path>[^)#:]+)(?:#[^)]*)?\)")]
    private static partial Regex Link();
}
