using System.Diagnostics;
using Distill.Runs;

namespace Distill.Tests.Chat;

/// <summary>Counts what became of damaged inputs, and the most that one of them cost. Anything but an <see cref="InputException"/> goes on up.</summary>
internal sealed class FuzzTally
{
    private static readonly TimeSpan Suspect = TimeSpan.FromMilliseconds(200);

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
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        (bool accepted, TimeSpan took) = Run(work);
        if (accepted) Accepted++;
        else Refused++;
        MostAllocated = Math.Max(MostAllocated, GC.GetAllocatedBytesForCurrentThread() - allocated);
        // A machine that stands still now and then does not do so every time.
        for (int again = 0; took > Suspect && again < 5; again++) took = TimeSpan.FromTicks(Math.Min(took.Ticks, Run(work).Took.Ticks));
        if (took > Slowest) (Slowest, SlowestInput) = (took, input);
    }

    private static (bool Accepted, TimeSpan Took) Run(Action work)
    {
        long started = Stopwatch.GetTimestamp();
        bool accepted = false;
        try
        {
            work();
            accepted = true;
        }
        catch (InputException e)
        {
            if (e.Message.Length == 0 || string.IsNullOrEmpty(e.Hint) || e.Message.Contains('\n') && e.Message.Length > 20_000) throw new InvalidOperationException("not one clear line: " + e.Message);
        }
        return (accepted, Stopwatch.GetElapsedTime(started));
    }

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Accepted + Refused} inputs, {Accepted} taken, {Refused} refused, slowest {Slowest.TotalMilliseconds:F0} ms, most memory {MostAllocated / 1e6:F1} MB";
}
