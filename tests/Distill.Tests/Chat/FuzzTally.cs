using System.Diagnostics;
using Distill.Runs;

namespace Distill.Tests.Chat;

/// <summary>Counts what became of damaged inputs, and the most that one of them cost. Anything but an <see cref="InputException"/> goes on up.</summary>
internal sealed class FuzzTally
{
    /// <summary>Inputs that were taken.</summary>
    public int Accepted { get; private set; }

    /// <summary>Inputs that were refused with a message.</summary>
    public int Refused { get; private set; }

    /// <summary>Longest time for one input.</summary>
    public TimeSpan Slowest { get; private set; }

    /// <summary>Most bytes allocated for one input.</summary>
    public long MostAllocated { get; private set; }

    /// <summary>The input that took longest.</summary>
    public string SlowestInput { get; private set; } = "";

    /// <summary>The input at work.</summary>
    public string Current { get; private set; } = "";

    /// <summary>Tries one input.</summary>
    /// <param name="input">The input, for reports.</param>
    /// <param name="work">Reads and uses it.</param>
    public void Try(string input, Action work)
    {
        Current = input;
        long started = Stopwatch.GetTimestamp(), allocated = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            work();
            Accepted++;
        }
        catch (InputException e)
        {
            Refused++;
            if (e.Message.Length == 0 || string.IsNullOrEmpty(e.Hint) || e.Message.Contains('\n') && e.Message.Length > 20_000) throw new InvalidOperationException("not one clear line: " + e.Message);
        }
        TimeSpan took = Stopwatch.GetElapsedTime(started);
        if (took > Slowest) (Slowest, SlowestInput) = (took, input);
        MostAllocated = Math.Max(MostAllocated, GC.GetAllocatedBytesForCurrentThread() - allocated);
    }

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Accepted + Refused} inputs, {Accepted} taken, {Refused} refused, slowest {Slowest.TotalMilliseconds:F0} ms, most memory {MostAllocated / 1e6:F1} MB";
}
