using Distill.Runs;
using Xunit;

namespace Distill.Tests.Runs;

public sealed class NearestNameTests
{
    private static readonly string[] Known = ["train", "teacher-gen", "eval", "export"];

    [Theory]
    [InlineData("trian", "train")]
    [InlineData("teachergen", "teacher-gen")]
    [InlineData("EVALL", "eval")]
    [InlineData("exprot", "export")]
    [InlineData("publish", null)]
    [InlineData("", null)]
    public void OnlyANearNameIsSuggested(string name, string? nearest) => Assert.Equal(nearest, NearestName.Find(name, Known));

    [Fact]
    public void AFarNameGetsTheWholeList() =>
        Assert.Equal("choose from `train`, `teacher-gen`, `eval`, `export`", NearestName.Hint("publish", Known));
}
