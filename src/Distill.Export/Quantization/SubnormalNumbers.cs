using System.Runtime.InteropServices;

namespace Distill.Export.Quantization;

/// <summary>
/// Arithmetic in which subnormal numbers count, as IEEE 754 has it, in this thread until it is disposed. libtorch and ONNX Runtime let threads take
/// them for zero, which is faster for models and changes the bytes of tiny weights. Linux on glibc; elsewhere the thread stays as it is.
/// </summary>
internal unsafe ref struct SubnormalNumbers
{
    private const int EnvironmentBytes = 64; // fenv_t takes 32 on x64, 8 on arm64

    private fixed byte _before[EnvironmentBytes];
    private readonly bool _isSet;

    /// <summary>From now on.</summary>
    public SubnormalNumbers()
    {
        if (!OperatingSystem.IsLinux()) return;
        try
        {
            fixed (byte* before = _before) _isSet = fegetenv(before) == 0 && fesetenv((byte*)-1) == 0; // FE_DFL_ENV
        }
        catch (Exception e) when (e is EntryPointNotFoundException or DllNotFoundException) { } // musl calls the library otherwise
    }

    /// <summary>As it was before.</summary>
    public void Dispose()
    {
        if (!_isSet) return;
        fixed (byte* before = _before) _ = fesetenv(before);
    }

    [DllImport("libm.so.6", ExactSpelling = true)]
    private static extern int fegetenv(byte* environment);

    [DllImport("libm.so.6", ExactSpelling = true)]
    private static extern int fesetenv(byte* environment);
}
