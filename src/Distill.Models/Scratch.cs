using static TorchSharp.torch;

namespace Distill.Models;

/// <summary>
/// Memory for large results that come again and again. glibc takes new memory for them step after step: it aligns a tensor by cutting off
/// a few bytes that small objects then occupy, so a freed tensor's place is too small for the next one of its size, and the heap grows by holes.
/// </summary>
public sealed class Scratch : IDisposable
{
    private static readonly Lock Gate = new();
    private static readonly List<(long Count, Tensor Memory)> Free = []; // [count] each, on the CPU

    private Tensor? _memory;

    private Scratch(Tensor values, Tensor? memory) => (Values, _memory) = (values, memory);

    /// <summary>The memory, of the shape that was asked for; its values are arbitrary.</summary>
    public Tensor Values { get; }

    /// <summary>Takes memory for numbers of another tensor's type, where it is.</summary>
    /// <param name="like">The other tensor.</param>
    /// <param name="shape">Dimensions, slowest first.</param>
    public static Scratch Take(Tensor like, params ReadOnlySpan<long> shape)
    {
        // libtorch's own cache is good on a GPU, and so is the memory of large tensors where it is ours; other numbers than 32-bit floats come from tests.
        if (!Aten.IsFloat32OnCpu(like) || TensorMemory.IsInstalled)
            return new(empty(shape.ToArray(), like.dtype, like.device).DetachFromDisposeScope(), null);
        long count = 1;
        foreach (long dimension in shape) count *= dimension;
        Tensor memory = Fitting(count) ?? empty(count).DetachFromDisposeScope();
        using Tensor part = memory.narrow(0, 0, count);
        return new(part.view(shape.ToArray()).DetachFromDisposeScope(), memory);
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        Values.Dispose();
        lock (Gate)
        {
            if (_memory is not null) Free.Add((_memory.numel(), _memory));
            _memory = null;
        }
    }

    // The smallest that is large enough. Otherwise the largest that is free is given up for what is allocated instead.
    private static Tensor? Fitting(long count)
    {
        lock (Gate)
        {
            if (Free.Count == 0) return null;
            int best = -1, largest = 0;
            for (int i = 0; i < Free.Count; i++)
            {
                if (Free[i].Count >= count && (best < 0 || Free[i].Count < Free[best].Count)) best = i;
                if (Free[i].Count > Free[largest].Count) largest = i;
            }
            int taken = best >= 0 ? best : largest;
            Tensor memory = Free[taken].Memory;
            Free.RemoveAt(taken);
            if (best >= 0) return memory;
            memory.Dispose();
            return null;
        }
    }
}
