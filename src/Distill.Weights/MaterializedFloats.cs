using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace Distill.Weights;

/// <summary>Reads elements of a tensor as 32-bit floats, from an element on.</summary>
internal delegate void FloatReader(long start, Span<float> destination);

/// <summary>
/// Tensors in 32-bit floats that no file holds as they are asked for. Each is made once, when it is first asked for. Safe for use by several threads.
/// </summary>
internal sealed unsafe class MaterializedFloats : IDisposable
{
    private const int MostAtOnce = 1 << 26; // a span cannot cover the largest tensors

    private readonly ConcurrentDictionary<string, Lazy<nint>> _buffers = new(StringComparer.Ordinal);

    /// <summary>Address of a tensor's values, valid until this is disposed.</summary>
    /// <param name="info">The tensor.</param>
    /// <param name="fill">Fills the memory at an address with all of its values.</param>
    public nint Of(TensorInfo info, Action<nint> fill) => _buffers.GetOrAdd(info.Name, _ => new Lazy<nint>(() => Make(info.ElementCount, fill))).Value;

    /// <inheritdoc cref="Of(TensorInfo, Action{nint})"/>
    /// <param name="info">The tensor.</param>
    /// <param name="read">Reads its values, a stretch at a time.</param>
    public nint Of(TensorInfo info, FloatReader read) => Of(info, buffer =>
    {
        for (long done = 0; done < info.ElementCount; done += MostAtOnce)
            read(done, new Span<float>((float*)buffer + done, (int)Math.Min(MostAtOnce, info.ElementCount - done)));
    });

    /// <inheritdoc/>
    public void Dispose()
    {
        // One whose making failed has no memory any more, and would fail again.
        foreach (Lazy<nint> buffer in _buffers.Values.Where(buffer => buffer.IsValueCreated)) NativeMemory.Free((void*)buffer.Value);
        _buffers.Clear();
    }

    private static nint Make(long count, Action<nint> fill)
    {
        void* buffer = NativeMemory.Alloc((nuint)Math.Max(count, 1), sizeof(float));
        try
        {
            fill((nint)buffer);
            return (nint)buffer;
        }
        catch
        {
            NativeMemory.Free(buffer);
            throw;
        }
    }
}
