using System.Text.Json.Nodes;
using Distill.Serving;
using Xunit;

namespace Distill.Tests.Serving;

public sealed class ProcessGroupTests : IDisposable
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    private readonly TemporaryFolder _folder = new();

    public ProcessGroupTests() => Assert.SkipUnless(OperatingSystem.IsLinux(), "process groups as Linux has them");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task WorkersThatOutliveTheirEngineAreEnded()
    {
        using ProcessGroup group = Start("sleep 1000 & echo worker $! >worker; disown; exit 3");

        Assert.Equal(3, await group.WaitAsync(TestContext.Current.CancellationToken));
        int worker = await WorkerAsync();
        Assert.True(IsAlive(worker));
        await group.EndAsync(Grace);

        await GoneAsync(worker);
        Assert.False(File.Exists(_folder["record"]));
    }

    [Fact]
    public async Task AGroupThatDoesNotListenIsEndedAllTheSame()
    {
        using ProcessGroup group = Start("trap '' TERM; echo worker $$ >worker; while true; do sleep 0.1; done");
        int worker = await WorkerAsync();

        await group.EndAsync(TimeSpan.FromMilliseconds(300));

        await GoneAsync(worker);
    }

    [Fact]
    public async Task WhatAKilledRunLeftIsEnded()
    {
        using ProcessGroup group = Start("echo worker $$ >worker; sleep 1000");
        int worker = await WorkerAsync();
        Assert.NotNull(JsonNode.Parse(File.ReadAllText(_folder["record"]))!["started"]);

        Assert.Equal(group.Id, await ProcessGroup.EndLeftoverAsync(_folder["record"], Grace));

        await GoneAsync(worker);
        Assert.Null(await ProcessGroup.EndLeftoverAsync(_folder["record"], Grace));
    }

    [Theory]
    [InlineData("started")]
    [InlineData("boot")]
    [InlineData("group")]
    public async Task AProcessThatIsNotOursIsLeftAlone(string changed)
    {
        using ProcessGroup group = Start("echo worker $$ >worker; sleep 1000");
        int worker = await WorkerAsync();
        JsonNode record = JsonNode.Parse(File.ReadAllText(_folder["record"]))!;
        record[changed] = changed == "group" ? "all of them" : "other";
        File.WriteAllText(_folder["other"], record.ToJsonString());
        File.WriteAllText(_folder["torn"], "{\"group\": ");

        Assert.Null(await ProcessGroup.EndLeftoverAsync(_folder["other"], Grace));
        Assert.Null(await ProcessGroup.EndLeftoverAsync(_folder["torn"], Grace));

        Assert.True(IsAlive(worker));
        await group.EndAsync(Grace);
    }

    [Fact]
    public void TheLogsLastWordsAreReadWhileItIsWritten()
    {
        Assert.Equal("", EngineLog.LastLine(_folder["none"]));
        using FileStream log = new(_folder["log"], FileMode.Create, FileAccess.Write, FileShare.ReadWrite);
        log.Write("first\r\n"u8);
        log.Write(new byte[10_000]);
        log.Write("\nLoading shards:  10%\rLoading shards:  \u001b[31m50%\n\n"u8);
        log.Flush();

        Assert.Equal("Loading shards:  [31m50%", EngineLog.LastLine(_folder["log"]));
    }

    private ProcessGroup Start(string script)
    {
        File.WriteAllText(_folder["script"], $"cd '{_folder.Path}'\n{script}\n");
        return ProcessGroup.Start(_folder["script"], _folder["log"], _folder["record"]);
    }

    private async Task<int> WorkerAsync()
    {
        for (int i = 0; i < 6000; i++, await Task.Delay(50, TestContext.Current.CancellationToken))
            if (File.Exists(_folder["worker"]) && File.ReadAllText(_folder["worker"]) is var text && text.EndsWith('\n')) return int.Parse(text.Split(' ')[1]);
        throw new TimeoutException("the worker did not start");
    }

    private static bool IsAlive(int process)
    {
        try
        {
            return !File.ReadAllText($"/proc/{process}/stat").Contains(") Z ", StringComparison.Ordinal);
        }
        catch (IOException) // it may go while it is looked at
        {
            return false;
        }
    }

    private static async Task GoneAsync(int process)
    {
        for (int i = 0; i < 6000 && IsAlive(process); i++) await Task.Delay(50, TestContext.Current.CancellationToken);
        Assert.False(IsAlive(process));
    }
}
