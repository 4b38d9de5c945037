using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Distill.Runs;

namespace Distill.Weights;

/// <summary>
/// One <c>.safetensors</c> file, mapped into memory. The header is checked in full before any tensor is handed out: every
/// tensor lies inside the file, none overlap, nothing is missing at the end.
/// Format: an 8-byte little-endian header length, a JSON header, the tensors' bytes.
/// </summary>
public sealed unsafe class SafetensorsFile : IWeightSource
{
    internal const int HeaderLimit = 100_000_000;

    private readonly MappedFile _file;
    private readonly Dictionary<string, (TensorInfo Info, long Offset)> _byName;

    private SafetensorsFile(MappedFile file, SafetensorsHeader header)
    {
        _file = file;
        Metadata = header.Metadata;
        Tensors = [.. header.Tensors.Select(tensor => tensor.Info)];
        _byName = header.Tensors.ToDictionary(tensor => tensor.Info.Name, StringComparer.Ordinal);
    }

    /// <inheritdoc/>
    public string Path => _file.Path;

    /// <inheritdoc/>
    public IReadOnlyList<TensorInfo> Tensors { get; }

    /// <summary>The header's <c>__metadata__</c>, e.g. <c>format: pt</c>.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Opens and checks a file.</summary>
    /// <exception cref="InputException">The file is missing, truncated or malformed; the message names file and tensor.</exception>
    public static SafetensorsFile Open(string path)
    {
        var file = new MappedFile(path);
        try
        {
            return new SafetensorsFile(file, CheckHead(path, file.Span(0, (int)Math.Min(file.Length, 8 + HeaderLimit)), file.Length));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Checks everything in front of the tensors' bytes.</summary>
    /// <param name="path">The file, for messages.</param>
    /// <param name="start">As much of the file as a header can take.</param>
    /// <param name="fileLength">Length of the whole file.</param>
    internal static SafetensorsHeader CheckHead(string path, ReadOnlySpan<byte> start, long fileLength)
    {
        if (fileLength < 8) throw Damaged(path, $"{fileLength} bytes are too few for a safetensors file");
        ulong headerLength = BinaryPrimitives.ReadUInt64LittleEndian(start);
        if (headerLength > HeaderLimit) throw Damaged(path, $"the header claims {headerLength} bytes (limit {HeaderLimit})");
        if ((long)headerLength > fileLength - 8) throw Damaged(path, $"truncated: the header needs {headerLength} bytes, the file has {fileLength - 8} after its length field");
        return SafetensorsHeader.Parse(path, start.Slice(8, (int)headerLength), 8 + (long)headerLength, fileLength);
    }

    /// <inheritdoc/>
    public bool TryGet(string name, [NotNullWhen(true)] out TensorInfo? info)
    {
        bool found = _byName.TryGetValue(name, out var entry);
        info = found ? entry.Info : null;
        return found;
    }

    /// <inheritdoc/>
    public nint Pointer(TensorInfo info) => (nint)_file.At(_byName[info.Name].Offset);

    /// <inheritdoc/>
    public void ReadBytes(TensorInfo info, long start, Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start, info.ByteCount - destination.Length);
        _file.Read(_byName[info.Name].Offset + start, destination);
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    internal static InputException Damaged(string path, string what, Exception? inner = null) =>
        new($"{path}: {what}", "copy or download the file again", inner: inner);
}
