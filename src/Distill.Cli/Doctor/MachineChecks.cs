using System.Diagnostics;
using System.Globalization;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using Distill.Pipelines;

namespace Distill.Cli.Doctor;

/// <summary>Looks at the machine: processor, memory, graphics processor, disk.</summary>
internal static class MachineChecks
{
    private const long EnoughMemory = 2L << 30, EnoughDisk = 1L << 30;

    public static Finding Processor()
    {
        var machine = new MachineInfo();
        string[] features = [.. Features()];
        // libtorch runs without AVX2, an order of magnitude slower.
        bool slow = OperatingSystem.IsLinux() && Avx.IsSupported && !Avx2.IsSupported;
        return new Finding("processor", slow ? Health.Note : Health.Good,
            $"{machine.Processor}, {machine.Cores} cores; {(features.Length > 0 ? string.Join(", ", features) : "no vector extensions known")}",
            Values(("model", machine.Processor), ("cores", machine.Cores), ("features", features)));
    }

    public static Finding Memory()
    {
        long total = new MachineInfo().MemoryBytes;
        long? available = LinuxAvailable();
        bool little = (available ?? total) < EnoughMemory;
        string free = available is { } bytes ? $", {Gigabytes(bytes)} available" : "";
        return new Finding("memory", little ? Health.Note : Health.Good, $"{Gigabytes(total)}{free}", Values(("total_bytes", total), ("available_bytes", available)));
    }

    public static Finding Disk(string folder)
    {
        var drive = new DriveInfo(Path.GetFullPath(folder));
        bool little = drive.AvailableFreeSpace < EnoughDisk;
        string probe = Path.Combine(folder, $".distill-doctor-{Environment.ProcessId}");
        Runs.AtomicFile.WriteText(probe, "");
        File.Delete(probe);
        return new Finding("disk", little ? Health.Note : Health.Good, $"{Gigabytes(drive.AvailableFreeSpace)} free at {Path.GetFullPath(folder)}, writable",
            Values(("folder", Path.GetFullPath(folder)), ("free_bytes", drive.AvailableFreeSpace)));
    }

    /// <summary>What the system knows of graphics processors, whether this build can use them or not.</summary>
    public static Finding Graphics()
    {
        string[] devices = Directory.Exists("/dev") ? [.. Directory.GetFiles("/dev", "nvidia*").Where(path => char.IsAsciiDigit(path[^1])).Order(StringComparer.Ordinal)] : [];
        string? driver = AskDriver();
        string text = driver ?? (devices.Length > 0 ? $"{string.Join(", ", devices)}, but nvidia-smi does not answer" : "none found: everything runs on the processor");
        return new Finding("gpu", devices.Length > 0 && driver == null ? Health.Note : Health.Good, text, Values(("devices", devices), ("driver", driver)));
    }

    internal static Dictionary<string, object?> Values(params (string Key, object? Value)[] values) => values.ToDictionary(value => value.Key, value => value.Value);

    private static IEnumerable<string> Features()
    {
        if (Avx2.IsSupported) yield return "AVX2";
        if (Fma.IsSupported) yield return "FMA";
        if (Avx512F.IsSupported) yield return "AVX-512F";
        if (Avx512BW.IsSupported) yield return "AVX-512BW";
        if (Avx512Vbmi.IsSupported) yield return "AVX-512VBMI";
        if (AdvSimd.IsSupported) yield return "NEON";
        if (Dp.IsSupported) yield return "dot product";
        // .NET names no bfloat16 or matrix instructions; the kernel does.
        string[] flags = LinuxFlags();
        foreach (var (flag, name) in new[] { ("avx512_vnni", "AVX-512 VNNI"), ("avx512_bf16", "AVX-512 BF16"), ("avx512_fp16", "AVX-512 FP16"), ("amx_tile", "AMX") })
            if (flags.Contains(flag)) yield return name;
    }

    private static string[] LinuxFlags() => File.Exists("/proc/cpuinfo")
        ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("flags", StringComparison.Ordinal))?.Split(' ') ?? [] : [];

    private static long? LinuxAvailable()
    {
        if (!File.Exists("/proc/meminfo")) return null;
        string? line = File.ReadLines("/proc/meminfo").FirstOrDefault(line => line.StartsWith("MemAvailable:", StringComparison.Ordinal));
        string? number = line?.Split(' ', StringSplitOptions.RemoveEmptyEntries).ElementAtOrDefault(1);
        return long.TryParse(number, CultureInfo.InvariantCulture, out long kibibytes) ? kibibytes * 1024 : null;
    }

    private static string? AskDriver()
    {
        try
        {
            using Process? process = Process.Start(new ProcessStartInfo("nvidia-smi", ["--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            });
            if (process == null) return null;
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            if (!process.WaitForExit(TimeSpan.FromSeconds(5)))
            {
                process.Kill();
                return null;
            }
            return process.ExitCode == 0 ? output.GetAwaiter().GetResult().Trim().ReplaceLineEndings("; ") : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null; // not installed
        }
    }

    private static string Gigabytes(long bytes) => $"{bytes / (double)(1L << 30):0.0} GiB";
}
