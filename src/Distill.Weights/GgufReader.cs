using System.Diagnostics.CodeAnalysis;
using Distill.Runs;

namespace Distill.Weights;

/// <summary>
/// A model in GGUF (versions 2 and 3), in one file or in shards that are found by the first one's name, mapped into memory. The heads are
/// checked in full when they are opened, with llama.cpp's own rules: unique names, whole blocks per row, tensors one after the other and inside the file.
/// Reading is safe from several threads at once; nothing may be read after <see cref="Dispose"/>.
/// </summary>
public sealed unsafe class GgufReader : IDisposable
{
    internal const uint Magic = 0x46554747; // "GGUF"

    /// <summary>Tensors start at multiples of this unless the file says otherwise.</summary>
    public const int DefaultAlignment = 32;

    internal const int NameByteLimit = 63;
    internal const int DimensionLimit = 4;
    internal const string AlignmentKey = "general.alignment";

    private readonly IReadOnlyList<MappedFile> _files;
    private readonly Dictionary<string, GgufTensorInfo> _byName;

    private GgufReader(IReadOnlyList<MappedFile> files, GgufMetadata metadata, List<GgufTensorInfo> tensors)
    {
        _files = files;
        Metadata = metadata;
        Tensors = tensors;
        _byName = tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
    }

    /// <summary>The file, or the first shard.</summary>
    public string Path => _files[0].Path;

    /// <summary>The file, or all shards in their order.</summary>
    public IReadOnlyList<string> Files => [.. _files.Select(file => file.Path)];

    /// <summary>Bytes of all files.</summary>
    public long Length => _files.Sum(file => file.Length);

    /// <summary>The key-value pairs; those of the first shard.</summary>
    public GgufMetadata Metadata { get; }

    /// <summary>The tensors, in file order, shard after shard.</summary>
    public IReadOnlyList<GgufTensorInfo> Tensors { get; }

    /// <summary>Opens and checks a file, and with a first shard all the others.</summary>
    /// <exception cref="InputException">The file is missing, truncated, malformed or a later shard, or a shard is missing; the message says where.</exception>
    public static GgufReader Open(string path)
    {
        GgufReader first = Open(new MappedFile(path));
        try
        {
            return first.Metadata.FindCount(GgufShards.CountKey) is { } count and > 1 ? GgufShards.Join(first, count) : first;
        }
        catch
        {
            first.Dispose();
            throw;
        }
    }

    /// <summary>Checks a mapped file, which the reader then owns.</summary>
    internal static GgufReader Open(MappedFile file)
    {
        try
        {
            var cursor = new GgufCursor(file);
            (ulong tensorCount, ulong pairCount) = ReadCounts(cursor, file);
            GgufMetadata metadata = ReadMetadata(cursor, file.Path, pairCount);
            return new GgufReader([file], metadata, ReadTensors(cursor, file, tensorCount, Alignment(cursor, metadata)));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Makes one model of the shards' readers, which it replaces; their tensors have different names.</summary>
    internal static GgufReader Of(IReadOnlyList<GgufReader> shards) => new([.. shards.Select(shard => shard._files[0])], shards[0].Metadata,
        [.. shards.SelectMany((shard, number) => shard.Tensors.Select(tensor => tensor with { Shard = number }))]);

    /// <summary>Finds a tensor by its name in the file.</summary>
    public bool TryGet(string name, [NotNullWhen(true)] out GgufTensorInfo? info) => _byName.TryGetValue(name, out info);

    /// <summary>Address of the tensor's first byte, valid until this reader is disposed. Read-only memory: writing to it is a fault.</summary>
    public nint Pointer(GgufTensorInfo info) => (nint)_files[info.Shard].At(info.Offset);

    /// <summary>The tensor's bytes as stored, valid until this reader is disposed.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The tensor is larger than 2 GB; use <see cref="Pointer"/>.</exception>
    public ReadOnlySpan<byte> Bytes(GgufTensorInfo info)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(info.ByteCount, int.MaxValue, nameof(info));
        return _files[info.Shard].Span(info.Offset, (int)info.ByteCount);
    }

    /// <summary>Dequantises elements <c>[start, start + destination.Length)</c>, counted in row-major order.</summary>
    /// <exception cref="InputException">The tensor's type cannot be dequantised here.</exception>
    public void ReadFloats(GgufTensorInfo info, long start, Span<float> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start, info.ElementCount - destination.Length);
        if (!Dequantization.Supports(info.Type))
            throw new InputException($"{Path}: tensor `{info.Name}` is of type {info.Type}, which cannot be read back", "use a file of another quantization type, e.g. Q8_0");
        MappedFile file = _files[info.Shard];
        Dequantization.Read(info.Type, start, destination, (first, bytes) => file.Read(info.Offset + first, bytes));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (MappedFile file in _files) file.Dispose();
    }

    private static (ulong Tensors, ulong Pairs) ReadCounts(GgufCursor cursor, MappedFile file)
    {
        if (cursor.Read<uint>("the magic number") != Magic) throw cursor.Damaged("not a GGUF file");
        uint version = cursor.Read<uint>("the version");
        if (version is not (2 or 3))
            throw cursor.Damaged((version & 0xFFFF) == 0 ? "a big-endian GGUF file" : $"GGUF version {version} (2 and 3 can be read)");
        ulong tensors = cursor.Read<ulong>("the number of tensors"), pairs = cursor.Read<ulong>("the number of keys");

        const int leastTensorBytes = 8 + 1 + 4 + 4 + 8, leastPairBytes = 8 + 1 + 4 + 1;
        if (tensors > (ulong)file.Length / leastTensorBytes) throw cursor.Damaged($"the file claims {tensors} tensors, more than it holds");
        if (pairs > (ulong)file.Length / leastPairBytes) throw cursor.Damaged($"the file claims {pairs} keys, more than it holds");
        return (tensors, pairs);
    }

    private static GgufMetadata ReadMetadata(GgufCursor cursor, string path, ulong count)
    {
        var metadata = new GgufMetadata(path);
        for (ulong i = 0; i < count; i++)
        {
            string key = cursor.ReadString($"key {i}");
            if (key.Length == 0) throw cursor.Damaged($"key {i} is empty");
            if (metadata.Contains(key)) throw cursor.Damaged($"key `{key}` is there twice");
            metadata.Add(key, cursor.ReadValue($"key `{key}`"));
        }
        return metadata;
    }

    private static uint Alignment(GgufCursor cursor, GgufMetadata metadata)
    {
        if (!metadata.TryGet(AlignmentKey, out object? value)) return DefaultAlignment;
        if (value is uint alignment && alignment is > 0 and <= 1 << 20 && (alignment & (alignment - 1)) == 0) return alignment;
        throw cursor.Damaged($"key `{AlignmentKey}` is {value}, not a 32-bit power of two");
    }

    private static List<GgufTensorInfo> ReadTensors(GgufCursor cursor, MappedFile file, ulong count, uint alignment)
    {
        var relative = new List<GgufTensorInfo>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        long position = 0;
        for (ulong i = 0; i < count; i++)
        {
            GgufTensorInfo tensor = ReadTensor(cursor, i);
            if (!names.Add(tensor.Name)) throw cursor.Damaged($"tensor `{tensor.Name}` is there twice");
            if (tensor.Offset != position) throw cursor.Damaged($"tensor `{tensor.Name}` has offset {(ulong)tensor.Offset}, expected {position}");
            if (tensor.ByteCount > file.Length - position) throw EndsInside(cursor, tensor);
            relative.Add(tensor);
            position = AlignUp(position + tensor.ByteCount, alignment);
        }
        long dataStart = AlignUp(cursor.Position, alignment);
        var tensors = relative.ConvertAll(tensor => tensor with { Offset = dataStart + tensor.Offset });
        foreach (GgufTensorInfo tensor in tensors)
        {
            if (tensor.Offset > file.Length - tensor.ByteCount) throw EndsInside(cursor, tensor);
        }
        return tensors;
    }

    private static GgufTensorInfo ReadTensor(GgufCursor cursor, ulong index)
    {
        string name = cursor.ReadString($"the name of tensor {index}");
        if (name.Length == 0 || System.Text.Encoding.UTF8.GetByteCount(name) > NameByteLimit) throw cursor.Damaged($"tensor {index} has a name of no or too many bytes");
        uint dimensions = cursor.Read<uint>($"tensor `{name}`");
        if (dimensions > DimensionLimit) throw cursor.Damaged($"tensor `{name}` has {dimensions} dimensions (at most {DimensionLimit})");
        var shape = new long[dimensions];
        for (int i = shape.Length - 1; i >= 0; i--)
        {
            shape[i] = cursor.Read<long>($"tensor `{name}`");
            if (shape[i] < 0) throw cursor.Damaged($"tensor `{name}` has a negative dimension");
        }
        var type = (GgufTensorType)cursor.Read<uint>($"tensor `{name}`");
        if (!Enum.IsDefined(type)) throw cursor.Damaged($"tensor `{name}` has the unknown type {(uint)type}");
        if (type.BlockSize() > 1 && (shape.Length == 0 || shape[^1] % type.BlockSize() != 0))
            throw cursor.Damaged($"tensor `{name}` of type {type} has rows that are no multiple of {type.BlockSize()}");
        long offset = cursor.Read<long>($"tensor `{name}`");
        try
        {
            return new GgufTensorInfo(name, type, shape, offset);
        }
        catch (OverflowException e)
        {
            throw cursor.Damaged($"tensor `{name}` has an impossible shape [{string.Join(", ", shape)}]", e);
        }
    }

    private static InputException EndsInside(GgufCursor cursor, GgufTensorInfo tensor) =>
        cursor.Damaged($"the file ends inside tensor `{tensor.Name}`: truncated or damaged");

    /// <summary>The next multiple of <paramref name="alignment"/>, or the position itself if it is one.</summary>
    public static long AlignUp(long position, long alignment) => checked((position + alignment - 1) / alignment * alignment);
}
