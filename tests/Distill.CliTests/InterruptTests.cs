using System.Diagnostics;
using Xunit;

namespace Distill.CliTests;

/// <summary>Ctrl-C once asks, Ctrl-C twice tells.</summary>
public sealed class InterruptTests : IDisposable
{
    private const int Interrupt = 2;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task TheSecondCtrlCEndsAtOnce()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs a pipe in the file system");
        using (var make = Process.Start("mkfifo", [_folder["silent.gguf"]])) make.WaitForExit();
        using CliProcess process = CliProcess.Start(_folder.Path, "inspect", "silent.gguf");
        // A pipe opens when the other side opens it too; reading what never comes is work that cannot be cancelled.
        using FileStream silent = await Task.Run(() => new FileStream(_folder["silent.gguf"], FileMode.Open, FileAccess.Write, FileShare.ReadWrite)).WaitAsync(TimeSpan.FromMinutes(8));
        process.Signal(Interrupt);
        for (int i = 0; i < 9600 && !process.Error.Contains("Ctrl-C", StringComparison.Ordinal) && !process.HasExited; i++) await Task.Delay(50, TestContext.Current.CancellationToken);
        Assert.Contains("Ctrl-C again ends at once", process.Error);
        Assert.False(process.HasExited, "the first Ctrl-C ended it already");

        process.Signal(Interrupt);

        Assert.Equal(130, process.Wait().ExitCode); // nothing else would end it
    }
}
