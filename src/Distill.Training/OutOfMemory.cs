using System.Runtime.InteropServices;
using Distill.Models;
using Distill.Runs;

namespace Distill.Training;

/// <summary>Says what to change, and by how much, when the memory was not enough.</summary>
internal static class OutOfMemory
{
    // What libtorch's allocators say: on the CPU, on the CPU under Windows, on a GPU.
    private static readonly string[] Signs = ["can't allocate memory", "not enough memory", "out of memory"];

    /// <summary>The error to show, or null for any other failure.</summary>
    public static InputException? Explain(Exception e, TrainOptions options)
    {
        if (e is not OutOfMemoryException && !(e is ExternalException or InvalidOperationException && Signs.Any(sign => e.Message.Contains(sign, StringComparison.OrdinalIgnoreCase)))) return null;
        ModelConfig config = StudentPreset.ShapeOf(options.Student);
        long needed = MemoryPlan.Of(config, options).Total;
        string[] less = [.. MemoryPlan.Alternatives(options).Select(other => (other.Name, MemoryPlan.Of(config, other.Options).Total)).Where(other => other.Total < needed)
            .Select(other => $"`{other.Name}` {MemoryPlan.Gigabytes(other.Total)}")];
        return new InputException($"train: the memory was not enough; this training needs about {MemoryPlan.Gigabytes(needed)}",
            less.Length > 0 ? $"less is needed with {string.Join(", ", less)}; the last checkpoint is kept" : "choose a smaller sequence_length; the last checkpoint is kept", inner: e);
    }
}
