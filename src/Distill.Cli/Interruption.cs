using System.Runtime.InteropServices;

namespace Distill.Cli;

/// <summary>
/// Ctrl-C and SIGTERM: the first asks the work to stop where it can go on later, the second ends the process at once.
/// </summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _registrations;
    private readonly Terminal _terminal;

    public Interruption(Terminal terminal)
    {
        _terminal = terminal;
        _registrations = [.. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM }
            .Select(signal => PosixSignalRegistration.Create(signal, OnSignal))];
    }

    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations) registration.Dispose();
        _source.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        if (_source.IsCancellationRequested) Environment.Exit(ExitCode.Interrupted);
        if (_terminal.ErrorIsTerminal) _terminal.Error.WriteLine();
        _terminal.Error.WriteLine("stopping at the next safe point (Ctrl-C again ends at once)");
        _source.Cancel();
    }
}
