using System.Diagnostics;
using System.Globalization;
using Distill.Tests.Weights;

namespace Distill.Benchmarks;

/// <summary>Damaged model files, more of them than the tests have time for.</summary>
internal sealed class FuzzMeasurement : IMeasurement
{
    public string Name => "fuzz-weights";

    public string Summary => "damaged safetensors, index, config.json and GGUF files: [how many of each] [seed]";

    public Task RunAsync(string[] arguments)
    {
        int count = arguments.Length > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : 1_000_000;
        int seed = arguments.Length > 1 ? int.Parse(arguments[1], CultureInfo.InvariantCulture) : Environment.TickCount;
        foreach (string reader in ReaderFuzz.Readers)
        {
            long start = Stopwatch.GetTimestamp();
            int refused = new ReaderFuzz(seed).Run(reader, count);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{reader}: {count} damaged files of seed {seed}, {refused} refused, no finding, {count / Stopwatch.GetElapsedTime(start).TotalSeconds:0} a second"));
        }
        return Task.CompletedTask;
    }
}
