namespace Distill.Serving;

/// <summary>A kind of accelerator.</summary>
/// <param name="Name">Name in topologies, e.g. <c>H200</c>.</param>
/// <param name="MemoryBytes">Memory that the driver shows.</param>
/// <param name="HasFloat8">Whether it multiplies 8-bit floats, the format that R1 is published in.</param>
public sealed partial record GpuModel(string Name, long MemoryBytes, bool HasFloat8)
{
    /// <summary>The accelerator of that name, in any case, or null.</summary>
    public static GpuModel? Find(string name) => All.FirstOrDefault(gpu => gpu.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
}
