using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Distill.Benchmarks;

/// <summary>
/// Peak resident memory of trainings against the plan that <c>distill plan train</c> makes of them. Each is a process of its own that does a few
/// updates with random weights.
/// </summary>
internal sealed partial class TrainingMemory : IMeasurement
{
    private static readonly string[] Settings =
    [
        "small 512 4", "small 1024 4", "small 2048 3", "small 4096 3", "small 2048 3 recompute", "small 512 4 moments=int8",
        "0.5b 512 2", "0.5b 1024 2", "0.5b 1024 2 recompute", "0.5b 512 2 moments=int8",
        "0.5b-lora 512 2 frozen=bfloat16", "0.5b-lora 1024 2 frozen=bfloat16", "0.5b-lora 2048 2 frozen=bfloat16", "0.5b-lora 4096 2 frozen=bfloat16",
        "1.5b-lora 512 2 frozen=bfloat16", "1.5b-lora 512 2 frozen=int8", "1.5b-lora 512 2 frozen=int4", "1.5b-lora 512 2 frozen=int8 recompute", "1.5b-lora 512 2 frozen=int4 recompute",
        "7b-lora 128 1 frozen=int4 recompute", "0.5b 512 2 precision=bfloat16", "0.5b 512 2 precision=bfloat16stochastic moments=int8",
        "small 4096 2 rows=1 recompute", "small 8192 2 rows=1 recompute", "small 16384 2 rows=1 recompute", "small 4096 2 rows=1 chunk=1024", "small 8192 2 rows=1 chunk=1024", "small 16384 2 rows=1 chunk=1024",
    ];

    public string Name => "training-memory";

    public string Summary => "peak resident memory of trainings against their plan: [first] [last] of the settings, from 1";

    public async Task RunAsync(string[] arguments)
    {
        int first = int.Parse(arguments.ElementAtOrDefault(0) ?? "1"), last = int.Parse(arguments.ElementAtOrDefault(1) ?? Settings.Length.ToString(CultureInfo.InvariantCulture));
        foreach (string setting in Settings[(first - 1)..last])
        {
            (double measured, double planned) = await MeasureAsync(setting);
            Console.WriteLine($"{setting,-40} planned {planned:F2} GB, measured {measured:F2} GB, planned over measured {planned / measured:F3}");
        }
    }

    private static async Task<(double Measured, double Planned)> MeasureAsync(string setting)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, [typeof(TrainingMemory).Assembly.Location, "training", .. setting.Split(' ')]) { RedirectStandardOutput = true };
        using Process child = Process.Start(start)!;
        string output = await child.StandardOutput.ReadToEndAsync();
        await child.WaitForExitAsync();
        Match found = Figures().Match(output);
        return found.Success ? (double.Parse(found.Groups[1].Value), double.Parse(found.Groups[2].Value)) : throw new InvalidOperationException($"{setting}: {output}");
    }

    [GeneratedRegex("peak resident ([0-9.]+) GB, planned ([0-9.]+) GB")]
    private static partial Regex Figures();
}
