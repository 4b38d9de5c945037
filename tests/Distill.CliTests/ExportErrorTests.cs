using System.Text.RegularExpressions;
using Xunit;

namespace Distill.CliTests;

/// <summary>Exports that cannot be finished: one line, a hint, and no file that looks finished.</summary>
public sealed class ExportErrorTests : IDisposable
{
    private const string Model = "artifacts/tiny-r1";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void ADiskThatIsTooSmallIsSeenBeforeAnythingIsWritten()
    {
        Assert.SkipUnless(SurvivalTests.CanMount(), "needs a user namespace to mount a file system of 20 MB in");
        string disk = Directory.CreateDirectory(_folder["disk"]).FullName;
        string script = $"mount -t tmpfs -o size=20m none '{disk}' && {{ \"$@\"; code=$?; find '{disk}' -type f ! -name '.*'; exit $code; }}";

        using CliProcess process = CliProcess.Start(_folder.Path, ["unshare", "-Urm", "sh", "-c", script, "sh"], ["export", "--model", Model, "--gguf", "F16,Q8_0", "--out", "disk/out"]);
        CliResult result = process.Wait();

        Fails("export-disk-too-small", result);
        Assert.Equal("", result.Output); // nothing is in there
    }

    [Theory]
    [InlineData("export-disk-full", "ENOSPC", 2)]
    [InlineData("export-disk-full", "ENOSPC", 12)]
    [InlineData("export-file-too-large", "EFBIG", 12)]
    public void ADiskThatTakesNoMoreMeanwhile(string snapshot, string error, int number)
    {
        Assert.SkipUnless(FailingDisk.IsPossible, "needs strace, to answer for the disk");
        string[] export = ["export", "--model", Model, "--gguf", "Q8_0", "--out", "out"];

        using CliProcess process = CliProcess.Start(_folder.Path, FailingDisk.From("pwrite64", error, number), export);
        Fails(snapshot, process.Wait());

        Assert.Empty(Left());
        CliResult again = CliProcess.Run(_folder.Path, export);
        Assert.True(again.ExitCode == 0, again.Error);
        Assert.Contains("tiny-r1-Q8_0.gguf", Left());
    }

    [Fact]
    public void TheImatrixOfAnotherModel()
    {
        string corpus = _folder.Write("corpus.txt", string.Concat(Enumerable.Range(0, 400).Select(i => $"{i} plus {i} is {i + i}.\n")));
        Assert.Equal(0, CliProcess.Run(_folder.Path, "prompts", "--basic", "20", "--out", "problems").ExitCode);
        Assert.Equal(0, CliProcess.Run(_folder.Path, "teacher-gen", "--prompts", "problems/prompts.jsonl", "--teacher", "worked", "--out", "worked").ExitCode);
        CliResult other = CliProcess.Run(_folder.Path, "train", "--student", "tiny-qwen", "--tokenizer", Model, "--data", "worked", "--max-steps", "0", "--out", "other");
        Assert.True(other.ExitCode == 0, other.Error);
        CliResult measured = CliProcess.Run(_folder.Path, "export", "--model", "other/model", "--gguf", "Q4_K_M", "--imatrix", "auto", "--calibration", corpus, "--out", "measured");
        Assert.True(measured.ExitCode == 0, measured.Error);

        foreach (string file in new[] { "imatrix.gguf", "imatrix.dat" })
        {
            Fails("export-foreign-imatrix", CliProcess.Run(_folder.Path, "export", "--model", Model, "--gguf", "Q4_K_M", "--imatrix", $"measured/gguf/{file}", "--out", "out", "--replace"));
            Assert.Empty(Left());
        }
    }

    private string[] Left() => Directory.Exists(_folder["out"]) ? [.. Directory.EnumerateFiles(_folder["out"], "*.*", SearchOption.AllDirectories).Select(Path.GetFileName).Where(name => name![0] != '.')!] : [];

    private void Fails(string snapshot, CliResult result)
    {
        string error = result.Error.Replace(_folder.Path, "<folder>");
        error = Regex.Replace(error, @"<folder>/out/\S+:", "<folder>/out/<file>:"); // whichever the disk had no room for
        error = Regex.Replace(error, @"[\d.]+ MB", "<n> MB");
        error = Regex.Replace(error, @"imatrix\.(gguf|dat)", "imatrix.<format>");
        Snapshot.Match(snapshot, error, _folder.Path);
        Assert.Equal(1, result.ExitCode);
    }
}
