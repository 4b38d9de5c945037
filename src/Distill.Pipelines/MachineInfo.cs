using System.Runtime.InteropServices;

namespace Distill.Pipelines;

/// <summary>The machine that figures were measured on; a time without it says nothing.</summary>
public sealed record MachineInfo
{
    /// <summary>Operating system.</summary>
    public string System { get; init; } = RuntimeInformation.OSDescription;

    /// <summary>Processor model, or its architecture where the model is not told.</summary>
    public string Processor { get; init; } = ProcessorName();

    /// <summary>Logical cores that this process may use.</summary>
    public int Cores { get; init; } = Environment.ProcessorCount;

    /// <summary>Memory that this process may use, in bytes.</summary>
    public long MemoryBytes { get; init; } = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <summary>.NET version.</summary>
    public string Runtime { get; init; } = RuntimeInformation.FrameworkDescription;

    private static string ProcessorName()
    {
        const string CpuInfo = "/proc/cpuinfo";
        string? line = File.Exists(CpuInfo) ? File.ReadLines(CpuInfo).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal)) : null;
        return line?.Split(':', 2)[^1].Trim() ?? RuntimeInformation.ProcessArchitecture.ToString();
    }
}
