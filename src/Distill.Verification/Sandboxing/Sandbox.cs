using System.Collections.Concurrent;
using System.Diagnostics;

namespace Distill.Verification.Sandboxing;

/// <summary>
/// Runs programs that nobody trusts: without network, with a read-only root and a private <c>/tmp</c>, as nobody in particular, within
/// limits of memory, time, processes, files and output, and ended as a group. Built on bubblewrap; see <see cref="Bubblewrap"/>.
/// Safe for several threads.
/// </summary>
public sealed class Sandbox : IDisposable
{
    private const int FirstUser = 61184; // systemd's range of users that belong to nobody: 61184 to 65519
    private const int Users = 4096;
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(20), Patience = TimeSpan.FromSeconds(30);

    private readonly Bubblewrap _bubblewrap;
    private readonly SandboxScratch _scratch;
    private readonly ConcurrentBag<int> _freeSlots = [];
    private readonly ReaderWriterLockSlim _traffic = new(LockRecursionPolicy.SupportsRecursion);
    private int _slots;

    internal Sandbox(Bubblewrap bubblewrap)
    {
        InheritedDescriptors.KeepFromChildren();
        _bubblewrap = bubblewrap;
        _scratch = new SandboxScratch(SeccompFilter.ToBytes());
    }

    /// <summary>Runs one program to its end, or to the end of its limits. The calling thread waits.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled; the program was ended.</exception>
    public SandboxResult Run(SandboxTask task, SandboxLimits limits, CancellationToken cancellation = default)
    {
        if (task.Files.Count > Bubblewrap.MostFiles) throw new ArgumentException($"more than {Bubblewrap.MostFiles} files", nameof(task));
        _traffic.EnterReadLock();
        if (!_freeSlots.TryTake(out int slot)) slot = Interlocked.Increment(ref _slots) - 1;
        try
        {
            string[] files = [.. task.Files.Select((file, i) => _scratch.Write(slot, i, file.Content.Span))];
            string status = _scratch.PathOf(slot, "status");
            File.Delete(status);
            // Different runs of distill take different users, as far as there are enough.
            int user = FirstUser + ((Environment.ProcessId * 16) + slot) % Users;
            (string program, IReadOnlyList<string> arguments) = _bubblewrap.Command(task, limits, user, _scratch.Filter, status, files);
            return Run(program, arguments, task.Input, limits, status, cancellation);
        }
        finally
        {
            _freeSlots.Add(slot);
            _traffic.ExitReadLock();
        }
    }

    /// <summary>Does some work while no other thread runs a program here, so that none is slowed down by another.</summary>
    public T Alone<T>(Func<T> work)
    {
        _traffic.EnterWriteLock();
        try
        {
            return work();
        }
        finally
        {
            _traffic.ExitWriteLock();
        }
    }

    /// <summary>Removes what the sandbox keeps on disk.</summary>
    public void Dispose()
    {
        _traffic.Dispose();
        _scratch.Dispose();
    }

    private static SandboxResult Run(string program, IReadOnlyList<string> arguments, ReadOnlyMemory<byte> input, SandboxLimits limits, string status, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        start.Environment.Clear(); // the sandbox's own init keeps its environment where the program can read it
        start.Environment["PATH"] = "/usr/bin:/bin";
        long began = Stopwatch.GetTimestamp();
        using Process process = Process.Start(start)!;
        var output = new CappedReader(process.StandardOutput.BaseStream, limits.OutputBytes);
        var error = new CappedReader(process.StandardError.BaseStream, limits.ErrorBytes);
        Feed(process, input);
        SandboxEnd end = Watch(process, output, limits, began, cancellation);
        bool ended = output.TryFinish(Patience, out ReadOnlyMemory<byte> outputBytes) & error.TryFinish(Patience, out ReadOnlyMemory<byte> errorBytes);
        TimeSpan elapsed = Stopwatch.GetElapsedTime(began);
        cancellation.ThrowIfCancellationRequested();
        if (end == SandboxEnd.Exited)
        {
            if (!ended || !Ran(status)) end = SandboxEnd.SandboxFailed;
            else if (output.Overflowed) end = SandboxEnd.OutputLimit;
            else if (process.ExitCode is ExceededCpuTime || (process.ExitCode is Killed && elapsed >= limits.CpuTime)) end = SandboxEnd.CpuLimit;
        }
        return new SandboxResult(end, process.ExitCode, outputBytes, errorBytes, elapsed);
    }

    private const int ExceededCpuTime = 128 + 24, Killed = 128 + 9; // SIGXCPU, SIGKILL

    // A pipe holds a page at least; more is written on a thread of its own, for the program may never read it.
    private static void Feed(Process process, ReadOnlyMemory<byte> input)
    {
        const int Page = 4096;
        Stream pipe = process.StandardInput.BaseStream;
        if (input.Length <= Page) Write();
        else new Thread(Write, 128 << 10) { IsBackground = true, Name = "sandbox input" }.Start();

        void Write()
        {
            try
            {
                using (pipe) pipe.Write(input.Span);
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException)
            {
                // It ended without reading everything.
            }
        }
    }

    // Waiting on this thread also keeps it alive, and with it the sandbox: the kernel ends it with the thread that started it.
    private static SandboxEnd Watch(Process process, CappedReader output, SandboxLimits limits, long began, CancellationToken cancellation)
    {
        while (!process.WaitForExit(Glance))
        {
            SandboxEnd? exceeded =
                output.Overflowed ? SandboxEnd.OutputLimit
                : Stopwatch.GetElapsedTime(began) > limits.WallTime ? SandboxEnd.ClockLimit
                : ProcessMemory.BytesOfTree(process.Id) > limits.MemoryBytes ? SandboxEnd.MemoryLimit
                : cancellation.IsCancellationRequested ? SandboxEnd.SandboxFailed
                : null;
            if (exceeded is not { } end) continue;
            process.Kill();
            process.WaitForExit();
            return end;
        }
        return SandboxEnd.Exited;
    }

    // Bubblewrap reports an exit code only of a program that it has started: without one the sandbox itself failed.
    private static bool Ran(string status)
    {
        try
        {
            return File.ReadAllText(status).Contains("\"exit-code\"", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }
}
