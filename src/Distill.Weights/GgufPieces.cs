using Microsoft.Win32.SafeHandles;

namespace Distill.Weights;

/// <summary>Places pieces of tensors in a GGUF file that is being written; safe for several threads at once.</summary>
public sealed class GgufPieces
{
    private readonly SafeFileHandle _file;
    private readonly IReadOnlyList<GgufTensorLayout> _tensors;
    private readonly long[] _starts;
    private long _written;

    internal GgufPieces(SafeFileHandle file, IReadOnlyList<GgufTensorLayout> tensors, long[] starts) => (_file, _tensors, _starts) = (file, tensors, starts);

    internal long Written => Interlocked.Read(ref _written);

    /// <summary>Writes a piece.</summary>
    /// <param name="tensor">Index of the tensor.</param>
    /// <param name="offset">Position of the piece in the tensor, in bytes.</param>
    /// <param name="bytes">The piece.</param>
    /// <exception cref="ArgumentOutOfRangeException">The piece is not inside the tensor.</exception>
    public void Write(int tensor, long offset, ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, _tensors[tensor].ByteCount - bytes.Length);
        RandomAccess.Write(_file, bytes, _starts[tensor] + offset);
        Interlocked.Add(ref _written, bytes.Length);
    }
}
