using Distill.Runs;
using Microsoft.ML.OnnxRuntime;

namespace Distill.Inference;

/// <summary>How ONNX Runtime is set up in this process.</summary>
public static class OnnxRuntimeSettings
{
    private static readonly Lock Gate = new();

    /// <summary>Version of the ONNX Runtime that is loaded, e.g. <c>1.31.1</c>.</summary>
    public static string Version => Environment().GetVersionString();

    /// <summary>Options of a session on a device.</summary>
    /// <exception cref="InputException">The device name is unknown, or there is no such device here.</exception>
    internal static SessionOptions SessionOptions(string device, int threads)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        int? cuda = CudaIndex(device);
        Environment();
        var options = new SessionOptions
        {
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
            IntraOpNumThreads = threads,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
        };
        options.AddSessionConfigEntry("session.set_denormal_as_zero", "1");
        // Threads that wait for work by spinning take the cores from the sampling between two steps, and from anything else
        // that runs: with two threads on two busy cores, twice the processor time and a third of the speed.
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        if (cuda is not { } index) return options;
        try
        {
            options.AppendExecutionProvider_CUDA(index);
            return options;
        }
        catch (Exception e) when (e is OnnxRuntimeException or EntryPointNotFoundException)
        {
            options.Dispose();
            throw new InputException($"device `{device}`: no CUDA device can be used by this build",
                "build with `-p:Backend=cuda` on a machine with an NVIDIA GPU, or use `cpu`", inner: e);
        }
    }

    /// <summary>The runtime's message without its source lines and call stack.</summary>
    internal static string FirstLine(OnnxRuntimeException e) => e.Message.Split('\n')[0].Trim();

    private static int? CudaIndex(string device)
    {
        if (device == "cpu") return null;
        if (device == "cuda") return 0;
        if (device.StartsWith("cuda:", StringComparison.Ordinal) && ushort.TryParse(device.AsSpan(5), out ushort index)) return index;
        throw new InputException($"device `{device}` is unknown", "use `cpu`, `cuda` or `cuda:N`");
    }

    // Made before the first session, because the default one warns on standard error about every device it does not find.
    private static OrtEnv Environment()
    {
        lock (Gate)
        {
            if (OrtEnv.IsCreated) return OrtEnv.Instance();
            var options = new EnvironmentCreationOptions { logId = "distill", logLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
            return OrtEnv.CreateInstanceWithOptions(ref options);
        }
    }
}
