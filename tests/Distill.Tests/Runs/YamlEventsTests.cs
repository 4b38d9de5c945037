using Distill.Runs;
using Xunit;
using YamlDotNet.Core.Events;

namespace Distill.Tests.Runs;

public sealed class YamlEventsTests
{
    [Fact]
    public void TheFirstNodeIsWhereItBegins()
    {
        YamlEvents events = Open("# a comment\n---\nname: x\nlist: [1, 2]\n");

        Assert.IsType<MappingStart>(events.Current);
        Assert.Equal("f.yaml:3", events.Place);
        events.MoveNext();
        Assert.Equal(("name", 3), (((Scalar)events.Current!).Value, events.Line));
        Assert.IsType<StreamEnd>(Open("").Current);
    }

    [Theory]
    [InlineData("a: b: c\n", 0, "f.yaml:1:5: is not valid YAML: ")]
    [InlineData("a: 1\n  b: 'open\n", 0, "f.yaml:2:")]
    [InlineData("a: b: c\n", 7, "f.yaml:8:5: ")] // as the head of a file that has seven lines before it
    [InlineData("a: [b\nc: }\n", 0, "is not valid YAML")]
    [InlineData("name: x\nstages: [", 0, "is not valid YAML")]
    public void WhatIsNoYamlIsNamedByLineAndColumn(string text, int linesBefore, string message)
    {
        var error = Assert.Throws<InputException>(() => ReadAll(YamlEvents.Open("f.yaml", text, "the hint", linesBefore: linesBefore)));

        Assert.Contains(message, error.Message);
        Assert.Matches(@"^f\.yaml:\d+:\d+: ", error.Message);
        Assert.DoesNotContain('\n', error.Message);
        Assert.Equal("the hint", error.Hint);
    }

    [Theory]
    [InlineData("a: &x 1\n")]
    [InlineData("a: 1\nb: *x\n")]
    public void AnchorsAreRefusedWhereFilesArePlain(string text)
    {
        var error = Assert.Throws<InputException>(() => ReadAll(YamlEvents.Open("f.yaml", text, "", plain: "suites")));

        Assert.EndsWith("anchors and aliases are not used in suites", error.Message);
        ReadAll(Open("a: &x 1\nb: *x\n")); // elsewhere they are the reader's to pass over
    }

    [Theory]
    [InlineData("[[[[[[[[[[", 100)]
    [InlineData("? ", 100)]
    [InlineData("{a: ", 100)]
    [InlineData("- \"", 3)]
    [InlineData("%YAML 9\n", 2)]
    [InlineData("\0\u0001", 1)]
    public void WhateverTheScannerThinksOfItIsOneKindOfError(string piece, int times)
    {
        string text = string.Concat(Enumerable.Repeat(piece, times));

        Assert.True(Record.Exception(() => ReadAll(Open(text))) is null or InputException);
    }

    private static YamlEvents Open(string text) => YamlEvents.Open("f.yaml", text, "");

    private static void ReadAll(YamlEvents events)
    {
        while (events.MoveNext()) { }
    }
}
