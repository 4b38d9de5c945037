using System.Diagnostics;
using System.Text;
using Xunit;

namespace Distill.CliTests;

/// <summary><c>distill chat</c> with the embedded teacher.</summary>
public sealed class ChatTests : IDisposable
{
    private const string Teacher = "artifacts/tiny-r1";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void AQuestionIsReasonedAboutAndAnswered()
    {
        CliResult result = CliProcess.Run(_folder.Path, "chat", Teacher, "Compute 36*49+22.", "--temperature", "0");

        Assert.Equal(0, result.ExitCode);
        Assert.Contains("36*40=1440\n", result.Output);
        Assert.EndsWith("\\boxed{1786}\n", result.Output);
        Assert.DoesNotContain("think>", result.Output);
        Assert.Matches(@"^\d+ tokens, \d+ tokens/s\n$", result.Error);
        Assert.Equal("\\boxed{1786}\n", CliProcess.Run(_folder.Path, "chat", Teacher, "Compute 36*49+22.", "--temperature", "0", "--hide-reasoning").Output);
    }

    [Fact]
    public async Task TextIsShownWhileItIsWritten()
    {
        // The first words come while it still writes. A machine that looks too late, once or twice, proves nothing.
        int attempts = 0;
        while (!await FirstWordsComeEarlyAsync()) Assert.True(++attempts < 20, "the first words came when the completion was over");
    }

    private async Task<bool> FirstWordsComeEarlyAsync()
    {
        // So hot that it writes nonsense up to the limit, hundreds of tokens after the first.
        using Process process = StartRaw("chat", Teacher, "Compute 36*49+22.", "--temperature", "10", "--top-p", "1", "--max-tokens", "600");
        var first = new byte[16];
        int read = await process.StandardOutput.BaseStream.ReadAsync(first, TestContext.Current.CancellationToken);

        Assert.True(read > 0);
        bool early = !process.HasExited;
        string rest = Encoding.UTF8.GetString(first, 0, read) + await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, process.ExitCode);
        Assert.True(rest.Length > read);
        return early;
    }

    [Fact]
    public async Task CtrlCAtThePromptEndsTheConversation()
    {
        using Process process = StartRaw("chat", Teacher, "--temperature", "0");
        await process.StandardInput.WriteLineAsync("Compute 36*49+22.");
        string? line = "";
        while (line is not null && !line.Contains("boxed", StringComparison.Ordinal)) line = await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
        Assert.NotNull(line); // answered: it waits for the next question now

        CliProcess.Signal(process.Id, 2);

        Assert.True(process.WaitForExit(TimeSpan.FromMinutes(8)), "still waiting for a question");
        Assert.Equal(130, process.ExitCode);
    }

    private Process StartRaw(params string[] arguments)
    {
        string[] line = ["--default-signal=INT", "dotnet", CliProcess.Program, .. arguments];
        return Process.Start(new ProcessStartInfo("env", line)
        {
            WorkingDirectory = _folder.Path,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
    }
}
