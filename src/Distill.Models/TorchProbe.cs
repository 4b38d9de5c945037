using System.Reflection;
using System.Runtime.InteropServices;
using TorchSharp;

namespace Distill.Models;

/// <summary>What TorchSharp turns out to be on this machine, found by loading and using it.</summary>
/// <param name="TorchSharpVersion">Version of the managed binding.</param>
/// <param name="LibtorchVersion">Version that the loaded native library reports.</param>
/// <param name="Threads">Threads of one operation.</param>
/// <param name="CudaDevices">CUDA devices that this build can use.</param>
public sealed record TorchProbe(string TorchSharpVersion, string LibtorchVersion, int Threads, int CudaDevices)
{
    /// <summary>Loads libtorch, multiplies two matrices and looks at what was loaded.</summary>
    /// <exception cref="Exception">Anything: the library is missing, does not fit this system, or computes wrongly.</exception>
    public static TorchProbe Run()
    {
        TorchRuntime.Initialize();
        using (torch.NewDisposeScope())
        {
            const int Size = 64;
            double sum = torch.ones(Size, Size).matmul(torch.ones(Size, Size)).sum().item<float>();
            if (sum != Size * Size * Size) throw new InvalidOperationException($"a product of ones sums to {sum}");
        }
        string binding = typeof(torch).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
        return new TorchProbe(binding.Split('+')[0], NativeVersion(), torch.get_num_threads(), torch.cuda.is_available() ? torch.cuda.device_count() : 0);
    }

    // torch/headeronly/version.h: major, minor and patch in the three highest bytes.
    private static string NativeVersion()
    {
        ulong version = aoti_torch_abi_version();
        return $"{version >> 56}.{(version >> 48) & 0xFF}.{(version >> 40) & 0xFF}";
    }

    [DllImport("torch_cpu", ExactSpelling = true)]
    private static extern ulong aoti_torch_abi_version();
}
