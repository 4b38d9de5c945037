namespace Distill.Weights;

/// <summary>
/// Named tensors on disk, mapped into memory: opening reads the header only, and a tensor costs memory when it is touched.
/// Reading is safe from several threads at once; nothing may be read after <see cref="IDisposable.Dispose"/>.
/// </summary>
public interface IWeightSource : IDisposable
{
    /// <summary>Where the weights come from, for messages.</summary>
    string Path { get; }

    /// <summary>The tensors, in file order.</summary>
    IReadOnlyList<TensorInfo> Tensors { get; }

    /// <summary>Finds a tensor by name.</summary>
    bool TryGet(string name, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out TensorInfo? info);

    /// <summary>Address of the tensor's first byte, valid until this source is disposed. Read-only memory: writing to it is a fault.</summary>
    nint Pointer(TensorInfo info);

    /// <summary>The tensor's bytes, valid until this source is disposed.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The tensor is larger than 2 GB; use <see cref="Pointer"/>.</exception>
    unsafe ReadOnlySpan<byte> Bytes(TensorInfo info)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(info.ByteCount, int.MaxValue, nameof(info));
        return new ReadOnlySpan<byte>((void*)Pointer(info), (int)info.ByteCount);
    }

    /// <summary>
    /// Copies a part of the tensor's bytes. Meant for walking through large tensors once: what comes from a file is read from it,
    /// without the pages of the mapping becoming this process's memory.
    /// </summary>
    /// <param name="info">The tensor.</param>
    /// <param name="start">First byte, counted from the tensor's first.</param>
    /// <param name="destination">Receives the bytes.</param>
    unsafe void ReadBytes(TensorInfo info, long start, Span<byte> destination) =>
        new ReadOnlySpan<byte>((byte*)Pointer(info) + start, destination.Length).CopyTo(destination);

    /// <summary>Converts elements <c>[start, start + destination.Length)</c>, counted in row-major order, to single precision.</summary>
    /// <exception cref="Runs.InputException">The tensor does not hold floating-point numbers.</exception>
    void ReadFloats(TensorInfo info, long start, Span<float> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start, info.ElementCount - destination.Length);
        if (!info.Type.IsFloat())
        {
            throw new Runs.InputException(
                $"{Path}: tensor `{info.Name}` holds {info.Type.SafetensorsName()}, not floating-point numbers",
                "use a checkpoint with floating-point weights");
        }
        FloatConversion.ReadPieces(info.Type, start, destination, (first, bytes) => ReadBytes(info, first, bytes));
    }
}
