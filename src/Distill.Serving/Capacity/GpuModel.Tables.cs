namespace Distill.Serving;

public sealed partial record GpuModel
{
    private const long Mebibyte = 1 << 20;

    /// <summary>Every known one. Memory as <c>nvidia-smi</c> or <c>rocm-smi</c> shows it, in MiB: a little less than the name on the box.</summary>
    public static IReadOnlyList<GpuModel> All { get; } =
    [
        new("H100", 81_559 * Mebibyte, HasFloat8: true),
        new("H800", 81_559 * Mebibyte, HasFloat8: true),
        new("H20", 97_871 * Mebibyte, HasFloat8: true),
        new("H200", 143_771 * Mebibyte, HasFloat8: true),
        new("B200", 183_359 * Mebibyte, HasFloat8: true),
        new("MI300X", 196_592 * Mebibyte, HasFloat8: true),
        new("A100", 81_920 * Mebibyte, HasFloat8: false),
    ];
}
