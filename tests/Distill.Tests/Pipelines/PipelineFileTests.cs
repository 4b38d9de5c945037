using Distill.Pipelines;
using Distill.Runs;
using Xunit;

namespace Distill.Tests.Pipelines;

public sealed class PipelineFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void DefaultsStandBeforeAStagesOwnKeys()
    {
        PipelineFile file = Load("""
            name: shared
            defaults:
              make: { text: common, threads: 2 }
            stages:
              - make: { id: a }
              - make: { id: b, text: own }
              - join: { inputs: $a }
            """);
        Assert.Equal(["text=common", "threads=2"], Values(file.Stages[0]));
        Assert.Equal(["text=common", "threads=2", "text=own"], Values(file.Stages[1]));
        Assert.EndsWith("p.yaml:3", file.Stages[0].Values[0].Source);
        Assert.Equal(["inputs=$a"], Values(file.Stages[2]));

        static IEnumerable<string> Values(PipelineStage stage) => stage.Values.Select(value => $"{value.Key}={value.Values[0]}");
    }

    [Theory]
    [InlineData("defaults: { make: { out: x } }\nstages: [make]", "key `out` cannot be a default")]
    [InlineData("defaults: { nothing: { text: x } }\nstages: [make]", "stage `nothing` is unknown")]
    [InlineData("defaults: { join: { style: x } }\nstages: [make]", "`defaults` are given for `join`, and no stage is one")]
    [InlineData("defaults: { make: text }\nstages: [make]", "the defaults of `make` are a map")]
    [InlineData("defaults: [make]\nstages: [make]", "`defaults` is a map from commands to options")]
    public void DefaultsThatCannotBeMeantAreRefused(string rest, string message) =>
        Assert.Contains(message, Assert.Throws<InputException>(() => Load("name: x\n" + rest + "\n")).Message);

    [Fact]
    public void StagesKeysAndLinesAreRead()
    {
        PipelineFile file = Load("""
            # a comment
            name: two-steps
            seed: 17
            stages:
              - make: { id: first, text: "null", threads: 2 }
              - join:
                  inputs:
                    - $first
                    - $first/begun.txt
                  style: ~
              - make
            """);

        Assert.Equal("two-steps", file.Name);
        Assert.Equal(["17"], file.Seed!.Values);
        Assert.Equal(["first", "join", "make"], file.Stages.Select(stage => stage.Id));
        Assert.Equal(["null"], file.Stages[0].Values[0].Values);
        Assert.EndsWith("p.yaml:5", file.Stages[0].Values[0].Source);
        Assert.EndsWith("p.yaml:7", file.Stages[1].Values[0].Source);
        Assert.Equal(["$first", "$first/begun.txt"], file.Stages[1].Values[0].Values);
        Assert.Empty(file.Stages[1].Values[1].Values);
        Assert.Empty(file.Stages[2].Values);
    }

    [Theory]
    [InlineData("name: x\nstage: []", ":2: key `stage` of a pipeline is unknown", "did you mean `stages`?")]
    [InlineData("name: x\nname: y\nstages: [make]", ":2: key `name` of a pipeline is given twice", null)]
    [InlineData("stages: [make]", ": key `name` is missing", null)]
    [InlineData("name: ../up\nstages: [make]", ":1: `../up` cannot name a pipeline", null)]
    [InlineData("name: x\nstages: []", ": there are no stages", null)]
    [InlineData("name: x\nstages: make", ":2: `stages` is a list", null)]
    [InlineData("name: x\nstages:\n  - maek: {}", ":3: stage `maek` is unknown", "did you mean `make`?")]
    [InlineData("name: x\nstages:\n  - publish: {}", ":3: stage `publish` is unknown", "choose from `make`, `join`")]
    [InlineData("name: x\nstages:\n  - make: {}\n  - make: {}", ":4: stage `make` exists already (line 3)", "give one of them another `id`")]
    [InlineData("name: x\nstages:\n  - make: { id: a.b }", ":3: `a.b` cannot name a stage", null)]
    [InlineData("name: x\nstages:\n  - make: { out: here }", ":3: key `out` is set by the pipeline", null)]
    [InlineData("name: x\nstages:\n  - make: { text: a, text: b }", ":3: key `text` of stage `make` is given twice", null)]
    [InlineData("name: x\nstages:\n  - make: { text: { a: b } }", ":3: key `text` takes a value or a list of values", null)]
    [InlineData("name: x\nstages:\n  - make: { text: [[a]] }", ":3: key `text`: a list holds plain values", null)]
    [InlineData("name: x\nstages:\n  - make: 3", ":3: the options of `make` are a map", null)]
    [InlineData("name: x\nstages:\n  - make:\n    text: a", ":4: a stage has one command", null)]
    [InlineData("name: x\nstages:\n  - make: &a { text: b }\n", ":3: anchors and aliases", null)]
    [InlineData("name: x\nstages: [", "is not valid YAML", null)]
    [InlineData("name: x\nstages: [a\nb: }", "is not valid YAML", null)]
    [InlineData("- a", "a pipeline is a map", null)]
    [InlineData("", "a pipeline is a map", null)]
    public void AFaultIsNamedWithFileAndLine(string text, string message, string? hint)
    {
        var error = Assert.Throws<InputException>(() => Load(text));

        Assert.Contains("p.yaml", error.Message);
        Assert.Contains(message, error.Message);
        Assert.False(string.IsNullOrEmpty(error.Hint));
        if (hint != null) Assert.Equal(hint, error.Hint);
    }

    [Fact]
    public void DeepNestingIsRefusedAndNotFollowed()
    {
        string text = "name: x\nstages:\n  - make: { text: " + new string('[', 100_000);

        Assert.Throws<InputException>(() => Load(text));
    }

    [Fact]
    public void AMissingOrHugeFileIsRefused()
    {
        Assert.Contains("no such file", Assert.Throws<InputException>(() => PipelineFile.Load(_folder["none.yaml"])).Message);
        string huge = _folder["huge.yaml"];
        using (var stream = File.OpenWrite(huge)) stream.SetLength(2 << 20);
        Assert.Contains("too large", Assert.Throws<InputException>(() => PipelineFile.Load(huge)).Message);
    }

    private PipelineFile Load(string text)
    {
        string path = _folder["p.yaml"];
        File.WriteAllText(path, text);
        return PipelineFile.Load(path, new FakeStages().Kinds);
    }
}
