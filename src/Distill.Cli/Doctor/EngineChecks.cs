using System.Text;
using Distill.Inference;
using Distill.Models;
using Distill.Runs;
using Distill.Verification.Sandboxing;
using static Distill.Cli.Doctor.MachineChecks;

namespace Distill.Cli.Doctor;

/// <summary>Looks at what computes: loads the native libraries and asks them, since only that tells whether they fit this system.</summary>
internal static class EngineChecks
{
    // The symbol version that TorchSharp's library lists; see Directory.Build.targets.
    private const string NewestSymbol = "GLIBCXX_3.4.32";

    public static Finding Torch()
    {
        TorchProbe probe = TorchProbe.Run();
        return new Finding("torch", Health.Good, $"TorchSharp {probe.TorchSharpVersion}, libtorch {probe.LibtorchVersion}, {probe.Threads} threads, {(probe.CudaDevices > 0 ? $"{probe.CudaDevices} CUDA devices" : "no CUDA")}",
            Values(("torchsharp", probe.TorchSharpVersion), ("libtorch", probe.LibtorchVersion), ("threads", probe.Threads), ("cuda_devices", probe.CudaDevices)));
    }

    public static Finding Onnx()
    {
        string version = OnnxRuntimeSettings.Version;
        return new Finding("onnx", Health.Good, $"ONNX Runtime {version}", Values(("version", version)));
    }

    /// <summary>Which C++ runtime was loaded, and whether TorchSharp's library needed its requirement weakened for it.</summary>
    public static Finding CppRuntime()
    {
        string? path = File.Exists("/proc/self/maps")
            ? File.ReadLines("/proc/self/maps").Select(line => line.Split(' ')[^1]).FirstOrDefault(file => file.Contains("libstdc++.so", StringComparison.Ordinal)) : null;
        if (path == null) return new Finding("libstdc++", Health.Good, "not in use on this system", Values(("path", null)));
        bool isNew = File.ReadAllBytes(path).AsSpan().IndexOf(Encoding.ASCII.GetBytes(NewestSymbol)) >= 0;
        return new Finding("libstdc++", Health.Good,
            isNew ? $"{path} has {NewestSymbol}" : $"{path} is older than {NewestSymbol}; TorchSharp's library was patched at build time and loads",
            Values(("path", path), ("has_newest_symbol", isNew)));
    }

    public static Finding Teacher()
    {
        const string Folder = "artifacts/tiny-r1";
        return InstallFolder.Find(Folder) is { } path
            ? new Finding("teacher", Health.Good, $"embedded teacher at {path}", Values(("path", path)))
            : new Finding("teacher", Health.Note, $"the embedded teacher ({Folder}) is not installed; give a model folder or an endpoint instead", Values(("path", null)));
    }

    /// <summary>Whether untrusted programs can be run here, tried out by running one.</summary>
    public static Finding CodeSandbox()
    {
        SandboxSupport support = SandboxSupport.Current;
        return support.Sandbox is not null
            ? new Finding("sandbox", Health.Good, $"programs can be verified: bubblewrap works, {support.Python!.Path}", Values(("available", true), ("python", support.Python.Path), ("missing", null)))
            : new Finding("sandbox", Health.Note, $"programs cannot be verified: {support.Missing}; {support.Hint}", Values(("available", false), ("python", null), ("missing", support.Missing)));
    }
}
