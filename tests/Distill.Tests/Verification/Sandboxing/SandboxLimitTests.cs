using System.Diagnostics;
using Distill.Verification.Sandboxing;
using Xunit;

namespace Distill.Tests.Verification.Sandboxing;

/// <summary>No program takes more than its share, leaves anything behind, or keeps us waiting.</summary>
public sealed class SandboxLimitTests
{
    // Time enough on any machine, for programs that meet another limit first.
    private static readonly SandboxLimits Small = new() { CpuTime = TimeSpan.FromMinutes(2), MemoryBytes = 256L << 20, ScratchBytes = 8L << 20 };
    private static readonly SandboxLimits Short = Small with { CpuTime = TimeSpan.FromSeconds(1) };
    private static readonly TimeSpan HangGuard = TimeSpan.FromMinutes(5);

    [Theory]
    [InlineData("a loop", "while True: pass", SandboxEnd.CpuLimit)]
    [InlineData("a loop that ignores the warning", "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass", SandboxEnd.CpuLimit)]
    [InlineData("a regular expression that explodes", "import re\nre.match('(a+)+$', 'a' * 64 + 'b')", SandboxEnd.CpuLimit)]
    [InlineData("sleep", "import time\ntime.sleep(1000)", SandboxEnd.ClockLimit)]
    [InlineData("stopping itself", "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)", SandboxEnd.ClockLimit)]
    [InlineData("endless output", "while True: print('x' * 1000)", SandboxEnd.OutputLimit)]
    [InlineData("endless errors", "import sys\nwhile True: sys.stderr.write('x' * 1000)", SandboxEnd.CpuLimit)]
    [InlineData("output of children", "import os\nos.fork(); os.fork(); os.fork()\nwhile True: os.write(1, b'x' * 65536)", SandboxEnd.OutputLimit)]
    public void ItEndsAtItsLimit(string name, string program, SandboxEnd end)
    {
        long start = Stopwatch.GetTimestamp();

        SandboxResult result = SandboxMachine.Run(program, end == SandboxEnd.OutputLimit ? Small : Short);

        Assert.True(result.End == end || (end == SandboxEnd.CpuLimit && result.End == SandboxEnd.ClockLimit), $"{name}: {result.End}, code {result.ExitCode}, {result.ErrorText}"); // a busy machine is slow
        Assert.True(result.Output.Length <= Small.OutputBytes && result.Error.Length <= Small.ErrorBytes);
        Assert.True(Stopwatch.GetElapsedTime(start) < HangGuard); // it would sleep for longer
    }

    [Theory]
    [InlineData("memory", "x = []\nwhile True: x.append(bytearray(1 << 20))")]
    [InlineData("one piece of memory", "x = bytearray(10 << 30)")]
    [InlineData("a number without end", "x = 1 << (1 << 33)")]
    public void MemoryIsBounded(string name, string program)
    {
        SandboxResult result = SandboxMachine.Run(program, Small);

        Assert.True(result.End == SandboxEnd.MemoryLimit || result.ErrorText.Contains("MemoryError"), $"{name}: {result.End} {result.ErrorText}");
    }

    [Theory]
    [InlineData("each within its own limit", "import os, time\nfor _ in range(20):\n    if os.fork() == 0:\n        x = bytearray(b'x') * (100 << 20)\n        time.sleep(100)\ntime.sleep(100)")]
    [InlineData("memory shared between processes", "import mmap, os, time\nfor _ in range(20):\n    if os.fork() == 0:\n        m = mmap.mmap(-1, 100 << 20)\n        m.write(b'x' * (100 << 20))\n        time.sleep(100)\ntime.sleep(100)")]
    public void MemoryOfAllProcessesTogetherIsBounded(string name, string program) =>
        Assert.True(SandboxMachine.Run(program, Small).End == SandboxEnd.MemoryLimit, name);

    [Theory]
    [InlineData("processes", "import os\nn = 0\ntry:\n    while True:\n        if os.fork() == 0:\n            import time; time.sleep(100)\n        n += 1\nexcept OSError: print('stopped', n < 70, flush=True)\nos._exit(0)")]
    [InlineData("threads", "import threading, time\nn = 0\ntry:\n    while True:\n        threading.Thread(target=time.sleep, args=(100,), daemon=True).start()\n        n += 1\nexcept RuntimeError: print('stopped', n < 70, flush=True)\nimport os\nos._exit(0)")]
    [InlineData("open files", "files = []\ntry:\n    while True: files.append(open('/dev/null'))\nexcept OSError: print('stopped', len(files) < 70)")]
    [InlineData("a large file", "try:\n    open('/tmp/x', 'wb').write(b'x' * (9 << 20))\nexcept OSError: print('stopped', True)")]
    [InlineData("a sparse file", "try:\n    open('/tmp/x', 'wb').truncate(1 << 40)\nexcept OSError: print('stopped', True)")]
    [InlineData("many files", "n = 0\ntry:\n    while True:\n        open(f'/tmp/{n}', 'wb').write(b'x' * (1 << 20))\n        n += 1\nexcept OSError: print('stopped', n < 9)")]
    [InlineData("many files in shared memory", "n = 0\ntry:\n    while True:\n        open(f'/dev/shm/{n}', 'wb').write(b'x' * (1 << 20))\n        n += 1\nexcept OSError: print('stopped', n < 9)")]
    public void ItsShareIsBounded(string name, string program)
    {
        SandboxResult result = SandboxMachine.Run(program, Small);

        Assert.True(result.OutputText.Trim() == "stopped True", $"{name}: {result.End} {result.OutputText} {result.ErrorText}");
    }

    [Fact]
    public void AForkBombIsOver()
    {
        SandboxResult result = SandboxMachine.Run("import os\nwhile True:\n    try: os.fork()\n    except OSError: pass", Short);

        Assert.NotEqual(SandboxEnd.SandboxFailed, result.End);
        Assert.Equal("1", SandboxMachine.Run("print(1)").OutputText.Trim());
    }

    [Theory]
    [InlineData("a daemon", "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0: MARK; time.sleep(1000)\n    os._exit(0)\nprint('left')")]
    [InlineData("a child that keeps the output open", "import subprocess\nsubprocess.Popen(['/usr/bin/env', 'MARK=1', '/usr/bin/sleep', '1000'])\nprint('left')")]
    [InlineData("a child that ignores signals", "import os, signal, time\nif os.fork() == 0:\n    for s in range(1, 32):\n        try: signal.signal(s, signal.SIG_IGN)\n        except (OSError, ValueError): pass\n    time.sleep(1000)\nprint('left')")]
    public void NothingSurvives(string name, string program)
    {
        long start = Stopwatch.GetTimestamp();
        string mark = $"mark-{Guid.NewGuid():N}";

        SandboxResult result = SandboxMachine.Run(program.Replace("MARK=1", $"MARK={mark}").Replace("MARK;", $"open('/proc/self/comm', 'w').write('{mark[..12]}');"), Small);

        Assert.True(result.End == SandboxEnd.Exited && result.OutputText.Contains("left"), $"{name}: {result.End} {result.ErrorText}");
        Assert.True(Stopwatch.GetElapsedTime(start) < HangGuard);
        // The kernel ends what is left in the namespace at once, and on a busy machine that takes a moment.
        Assert.True(SpinWait.SpinUntil(() => !Survives(mark), HangGuard), name);
    }

    private static bool Survives(string mark)
    {
        Thread.Sleep(20);
        return Directory.GetDirectories("/proc").Any(folder => Reads(folder + "/comm", mark[..12]) || Reads(folder + "/environ", mark));
    }

    [Theory]
    [InlineData("import os\nos.kill(-1, 9)")]
    [InlineData("import os\nos.abort()")]
    [InlineData("import os\nos.kill(os.getpid(), 11)")]
    [InlineData("import sys\nsys.setrecursionlimit(10**9)\nclass A:\n    def __repr__(self): return repr(self)\nrepr(A())")]
    [InlineData("import os\nos.close(0); os.close(1); os.close(2)\nos._exit(5)")]
    public void ADeathIsAnExit(string program)
    {
        SandboxResult result = SandboxMachine.Run(program);

        Assert.Equal(SandboxEnd.Exited, result.End);
        Assert.NotEqual(0, result.ExitCode);
    }

    [Fact]
    public async Task ACancelledRunEndsAtOnce()
    {
        SandboxSupport support = SandboxMachine.Support;
        using var cancellation = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));

        // Nothing else ends it within an hour.
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.Run(() => support.Sandbox!.Run(
            new SandboxTask { Command = ["/bin/sleep", "3600"] }, new SandboxLimits { CpuTime = TimeSpan.FromHours(1) }, cancellation.Token)));
    }

    [Fact]
    public void AProgramThatDoesNotExistIsNotTheSandboxsFailure() =>
        Assert.Equal(SandboxEnd.Exited, SandboxMachine.Support.Sandbox!.Run(new SandboxTask { Command = ["/usr/bin/no-such-program"] }, new SandboxLimits()).End);

    private static bool Reads(string path, string text)
    {
        try
        {
            return File.ReadAllText(path).Contains(text, StringComparison.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
