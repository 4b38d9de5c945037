using System.Diagnostics;
using Distill.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Distill.Benchmarks;

/// <summary>
/// Calls into libtorch while another thread collects garbage without pause: how many went wrong because what was passed to them had been freed, and what a call costs
/// without collections. With TorchSharp as it comes from its package some in a hundred thousand go wrong.
/// </summary>
internal sealed class TensorLifetimes : IMeasurement
{
    private const int Threads = 2, Values = 4096, TimedCalls = 200_000;

    public string Name => "lifetimes";

    public string Summary => "calls into libtorch that lose their arguments to the garbage collector, per million: [seconds]";

    public Task RunAsync(string[] arguments)
    {
        TorchRuntime.Initialize(1);
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(double.Parse(arguments.ElementAtOrDefault(0) ?? "20")));
        var debuggable = (DebuggableAttribute?)Attribute.GetCustomAttribute(typeof(torch).Assembly, typeof(DebuggableAttribute));
        Console.WriteLine($"TorchSharp is compiled {(debuggable?.IsJITOptimizerDisabled == true ? "without" : "with")} optimization: a call takes {Cost():F2} us");
        long calls = 0, wrong = 0;
        Thread[] threads = [.. Enumerable.Range(0, Threads).Select(_ => new Thread(() => Interlocked.Add(ref wrong, Call(ref calls, stop.Token))))];
        foreach (Thread thread in threads) thread.Start();
        while (!stop.IsCancellationRequested)
        {
            GC.Collect(0);
            GC.WaitForPendingFinalizers();
        }
        foreach (Thread thread in threads) thread.Join();
        Console.WriteLine($"{calls:N0} rounds of three calls beside {GC.CollectionCount(0):N0} collections: {wrong:N0} wrong, {wrong * 1e6 / calls:F1} in a million");
        return Task.CompletedTask;
    }

    private static long Call(ref long calls, CancellationToken stop)
    {
        long wrong = 0;
        using Tensor two = full(Values, 2), one = ones(Values);
        while (!stop.IsCancellationRequested)
        {
            try
            {
                using Tensor four = two * 2.0, five = four + one, clamped = five.clamp_min(0.5);
                if (clamped[Values / 2].item<float>() != 5) wrong++;
            }
            catch (System.Runtime.InteropServices.ExternalException)
            {
                wrong++;
            }
            Interlocked.Increment(ref calls);
        }
        return wrong;
    }

    private static double Cost()
    {
        using Tensor left = ones(8), right = ones(8);
        double fastest = double.MaxValue;
        for (int round = 0; round < 5; round++)
        {
            long started = Stopwatch.GetTimestamp();
            for (int i = 0; i < TimedCalls; i++) (left + right).Dispose();
            fastest = Math.Min(fastest, Stopwatch.GetElapsedTime(started).TotalMicroseconds / TimedCalls);
        }
        return fastest;
    }
}
