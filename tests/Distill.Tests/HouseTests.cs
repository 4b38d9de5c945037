using System.Text.RegularExpressions;
using System.Xml.Linq;
using Xunit;

namespace Distill.Tests;

/// <summary>The rules of the house that a compiler cannot hold: see src/README.md.</summary>
public sealed partial class HouseTests
{
    private const int LongestFile = 400;

    private static readonly string[] Junk = ["Util", "Helper", "Manager", "Common"];

    private static readonly string Root = FindRoot();

    [Fact]
    public void TheTableOfRoomsIsWhatTheProjectsSay()
    {
        var documented = TableRow().Matches(File.ReadAllText(Path.Combine(Root, "src", "README.md"))).Skip(1)
            .Select(row => $"{row.Groups[1].Value} sees {Sorted(row.Groups[2].Value.Split(' ').Where(room => room != "–"))}: {row.Groups[3].Value}");
        var real = Projects("src").Select(project =>
            $"{RoomOf(project)} sees {Sorted(References(project))}: {XDocument.Load(project).Descendants("Description").Single().Value}");

        Assert.Equal(real.Order(StringComparer.Ordinal), documented.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void VerbRoomsDoNotSeeEachOther()
    {
        string[] verbs = ["Teacher", "Rescoring", "Curation", "Training", "Export", "Eval", "Inspection"];

        Assert.All(Projects("src").Where(project => verbs.Contains(RoomOf(project))),
            project => Assert.Empty(References(project).Intersect([.. verbs, "Pipelines", "Cli"])));
    }

    [Fact]
    public void NoFileIsTooLong()
    {
        string[] tooLong = [.. Sources("src").Concat(Sources("tests"))
            .Where(file => !file.EndsWith(".Tables.cs", StringComparison.Ordinal) && File.ReadLines(file).Count() > LongestFile)];

        Assert.Empty(tooLong);
    }

    [Fact]
    public void NoNameSaysNothing() =>
        Assert.DoesNotContain(Sources("src"), file => Junk.Any(word => Path.GetFileNameWithoutExtension(file).Contains(word, StringComparison.Ordinal)));

    [Fact]
    public void AFileWithAPublicTypeIsNamedAfterIt()
    {
        string[] wrong = [.. Sources("src").Where(file => PublicType().Matches(File.ReadAllText(file)) is { Count: > 0 } types
            && !types.Any(type => type.Groups["name"].Value == Path.GetFileName(file).Split('.')[0]))];

        Assert.Empty(wrong);
    }

    [Fact]
    public void RoomsAreFlat() =>
        Assert.DoesNotContain(Sources("src"), file => Path.GetRelativePath(Path.Combine(Root, "src"), file).Split(Path.DirectorySeparatorChar).Length > 3);

    [Fact]
    public void EveryProjectIsInTheSolution()
    {
        string solution = File.ReadAllText(Path.Combine(Root, "Distill.sln"));

        Assert.All(Projects("src").Concat(Projects("tests")).Where(project => !project.Contains("Benchmarks")),
            project => Assert.Contains(Path.GetFileName(project), solution));
    }

    private static string Sorted(IEnumerable<string> rooms) => string.Join(' ', rooms.Where(room => room.Length > 0).Order(StringComparer.Ordinal));

    private static IEnumerable<string> References(string project) => XDocument.Load(project).Descendants("ProjectReference")
        .Select(reference => RoomOf(reference.Attribute("Include")!.Value));

    private static string RoomOf(string project) => Path.GetFileNameWithoutExtension(project).Replace("Distill.", "");

    private static IEnumerable<string> Projects(string folder) => Directory.EnumerateFiles(Path.Combine(Root, folder), "*.csproj", SearchOption.AllDirectories);

    private static IEnumerable<string> Sources(string folder) => Directory.EnumerateFiles(Path.Combine(Root, folder), "*.cs", SearchOption.AllDirectories)
        .Where(file => !file.Split(Path.DirectorySeparatorChar).Any(part => part is "obj" or "bin" or "node_modules"));

    private static string FindRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder != null && !File.Exists(Path.Combine(folder.FullName, "Distill.sln"))) folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("these tests run from a clone");
    }

    [GeneratedRegex(@"^\| (\w+) \| ([\w –]+) \| (.+) \|$", RegexOptions.Multiline)]
    private static partial Regex TableRow();

    [GeneratedRegex(@"^public (?:[a-z]+ )*(?:class|struct|record|interface|enum) (?<name>\w+)", RegexOptions.Multiline)]
    private static partial Regex PublicType();
}
