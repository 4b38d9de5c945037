using System.Runtime.InteropServices;
using TorchSharp;

namespace Distill.Models;

/// <summary>
/// Settings of libtorch and of the C allocator that must be made once, before the first tensor exists.
/// </summary>
public static class TorchRuntime
{
    private static readonly Lock Gate = new();
    private static bool initialized;

    /// <summary>
    /// Prepares the process: large tensors are kept by the allocator instead of going back to the system after each
    /// step (some 140,000 page faults a step otherwise), subnormal numbers are flushed to zero (a softmax over wide logits
    /// is up to 36 times slower with them), and the number of threads is set.
    /// </summary>
    /// <param name="threads">Threads inside one operation; 0 takes one per core.</param>
    public static void Initialize(int threads = 0)
    {
        lock (Gate)
        {
            if (!initialized)
            {
                if (OperatingSystem.IsLinux()) KeepLargeBlocks();
                torch.InitializeDeviceType(DeviceType.CPU);
                Aten.FlushDenormals();
                TensorMemory.Install();
                initialized = true;
            }
            int count = threads > 0 ? threads : Environment.ProcessorCount;
            if (torch.get_num_threads() != count) torch.set_num_threads(count);
        }
    }

    /// <summary>
    /// Gives memory that is free inside the process back to the system: after loading, what it took on the way would otherwise stay resident, and
    /// training does not ask for pieces of the same sizes.
    /// </summary>
    public static void ReleaseFreeMemory()
    {
        if (!OperatingSystem.IsLinux()) return;
        TensorMemory.ReleaseFree();
        try
        {
            _ = malloc_trim(0);
        }
        catch (Exception e) when (e is EntryPointNotFoundException or DllNotFoundException) { } // musl
    }

    /// <summary>Parses the devices that share a model, e.g. <c>cuda:0,cuda:1</c>.</summary>
    /// <exception cref="Runs.InputException">A name is unknown, or there is no such device here.</exception>
    public static DeviceMap Devices(string names) => new(names.Split(',', StringSplitOptions.TrimEntries).Select(Device));

    /// <summary>Parses a device name.</summary>
    /// <exception cref="Runs.InputException">The name is unknown, or there is no such device here.</exception>
    public static torch.Device Device(string name)
    {
        Initialize();
        string[] parts = name.Split(':');
        if (name == "cpu") return torch.CPU;
        if (parts[0] != "cuda" || parts.Length > 2 || (parts.Length == 2 && !int.TryParse(parts[1], out _)))
            throw new Runs.InputException($"device `{name}` is unknown", "use `cpu`, `cuda` or `cuda:N`; several share a model's layers: `cuda:0,cuda:1`");
        if (!torch.cuda.is_available())
            throw new Runs.InputException($"device `{name}`: no CUDA device can be used by this build",
                "build with `-p:Backend=cuda` on a machine with an NVIDIA GPU, or use `cpu`");
        return torch.device(name);
    }

    // glibc's mallopt parameters (malloc.h).
    private const int TrimThreshold = -1, TopPad = -2, MmapThreshold = -3, ArenaMax = -8;

    private static void KeepLargeBlocks()
    {
        try
        {
            _ = mallopt(MmapThreshold, 1 << 30);
            _ = mallopt(TrimThreshold, int.MaxValue);
            _ = mallopt(TopPad, 256 << 20);
            _ = mallopt(ArenaMax, 1);
        }
        catch (Exception e) when (e is EntryPointNotFoundException or DllNotFoundException) { } // musl: its allocator has no such settings
    }

    [DllImport("libc", ExactSpelling = true)]
    private static extern int mallopt(int parameter, int value);

    [DllImport("libc", ExactSpelling = true)]
    private static extern int malloc_trim(nuint keep);
}
