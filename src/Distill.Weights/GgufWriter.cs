using System.Text;
using Distill.Runs;

namespace Distill.Weights;

/// <summary>
/// Writes GGUF files (version 3, alignment 32), atomically: the whole head first, then tensor after tensor, so memory stays
/// bounded by what one tensor's writer needs. The same input gives the same bytes.
/// </summary>
public static class GgufWriter
{
    private const uint Version = 3;

    // The strictest reader in use (Ollama) refuses more.
    private const int StringByteLimit = 16 << 20;
    private const int ArrayLimit = 64 << 20;

    /// <summary>Writes a file.</summary>
    /// <param name="path">The file; it appears whole or not at all.</param>
    /// <param name="metadata">Key-value pairs, in order.</param>
    /// <param name="tensors">Tensors, in order.</param>
    /// <exception cref="InputException">The disk is full, the folder cannot be written, or a text or list is longer than readers accept.</exception>
    /// <exception cref="ArgumentException">A tensor breaks a rule of the format.</exception>
    /// <exception cref="InvalidOperationException">A tensor wrote more or fewer bytes than its shape and type need.</exception>
    public static void Write(string path, GgufMetadata metadata, IReadOnlyList<GgufTensorToWrite> tensors)
    {
        byte[] head = Head(path, metadata, tensors);
        AtomicFile.Write(path, stream =>
        {
            stream.Write(head);
            foreach (GgufTensorToWrite tensor in tensors)
            {
                long start = stream.Position;
                tensor.WriteBytes(stream);
                if (stream.Position - start != tensor.ByteCount)
                    throw new InvalidOperationException($"tensor `{tensor.Name}` wrote {stream.Position - start} bytes instead of {tensor.ByteCount}");
                Pad(stream);
            }
        });
    }

    /// <summary>Writes a file whose tensors arrive in pieces, in any order and from several threads at once.</summary>
    /// <param name="path">The file; it appears whole or not at all.</param>
    /// <param name="metadata">Key-value pairs, in order.</param>
    /// <param name="tensors">Tensors, in order.</param>
    /// <param name="write">Writes every byte of every tensor once.</param>
    /// <exception cref="InputException">The disk is full, the folder cannot be written, or a text or list is longer than readers accept.</exception>
    /// <exception cref="InvalidOperationException">The pieces are fewer or more bytes than the tensors have.</exception>
    public static void Write(string path, GgufMetadata metadata, IReadOnlyList<GgufTensorLayout> tensors, Action<GgufPieces> write)
    {
        byte[] head = Head(path, metadata, tensors);
        AtomicFile.Write(path, stream =>
        {
            stream.Write(head);
            long position = head.Length;
            long[] starts = [.. tensors.Select(tensor =>
            {
                long start = position;
                position = GgufReader.AlignUp(position + tensor.ByteCount, GgufReader.DefaultAlignment);
                return start;
            })];
            stream.SetLength(position); // padding is what no piece fills
            var pieces = new GgufPieces(((FileStream)stream).SafeFileHandle, tensors, starts);
            write(pieces);
            long expected = tensors.Sum(tensor => tensor.ByteCount);
            if (pieces.Written != expected) throw new InvalidOperationException($"{pieces.Written} bytes were written instead of {expected}");
        });
    }

    /// <summary>Bytes of the file that <see cref="Write(string, GgufMetadata, IReadOnlyList{GgufTensorLayout}, Action{GgufPieces})"/> makes.</summary>
    public static long FileSize(string path, GgufMetadata metadata, IReadOnlyList<GgufTensorLayout> tensors) =>
        tensors.Aggregate((long)Head(path, metadata, tensors).Length, (position, tensor) => GgufReader.AlignUp(position + tensor.ByteCount, GgufReader.DefaultAlignment));

    private static byte[] Head(string path, GgufMetadata metadata, IReadOnlyList<GgufTensorLayout> tensors)
    {
        using var buffer = new MemoryStream();
        using var writer = new BinaryWriter(buffer);
        writer.Write(GgufReader.Magic);
        writer.Write(Version);
        writer.Write((ulong)tensors.Count);
        writer.Write((ulong)metadata.Count);
        foreach ((string key, object value) in metadata)
        {
            WriteString(writer, path, key, key);
            WriteValue(writer, path, key, value);
        }
        WriteTensorInfos(writer, path, tensors);
        Pad(buffer);
        return buffer.ToArray();
    }

    private static void WriteTensorInfos(BinaryWriter writer, string path, IReadOnlyList<GgufTensorLayout> tensors)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        long offset = 0;
        foreach (GgufTensorLayout tensor in tensors)
        {
            if (!names.Add(tensor.Name)) throw new ArgumentException($"tensor `{tensor.Name}` is given twice", nameof(tensors));
            if (tensor.Name.Length == 0 || Encoding.UTF8.GetByteCount(tensor.Name) > GgufReader.NameByteLimit)
                throw new ArgumentException($"tensor name `{tensor.Name}` is empty or longer than {GgufReader.NameByteLimit} bytes", nameof(tensors));
            if (tensor.Shape.Count is 0 or > GgufReader.DimensionLimit)
                throw new ArgumentException($"tensor `{tensor.Name}` has {tensor.Shape.Count} dimensions (1 to {GgufReader.DimensionLimit})", nameof(tensors));
            if (tensor.Shape[^1] % tensor.Type.BlockSize() != 0)
                throw new ArgumentException($"tensor `{tensor.Name}` has rows of {tensor.Shape[^1]}, no multiple of {tensor.Type.BlockSize()}", nameof(tensors));

            WriteString(writer, path, tensor.Name, tensor.Name);
            writer.Write((uint)tensor.Shape.Count);
            for (int i = tensor.Shape.Count - 1; i >= 0; i--) writer.Write(tensor.Shape[i]);
            writer.Write((uint)tensor.Type);
            writer.Write(offset);
            offset = GgufReader.AlignUp(checked(offset + tensor.ByteCount), GgufReader.DefaultAlignment);
        }
    }

    private static void WriteValue(BinaryWriter writer, string path, string key, object value)
    {
        if (value is not Array array)
        {
            writer.Write(GgufValueTypes.Code(value.GetType()));
            WriteScalar(writer, path, key, value);
            return;
        }
        if (array.Length > ArrayLimit) throw new InputException($"{path}: `{key}` has {array.Length} elements, readers accept {ArrayLimit}", "use a smaller tokenizer");
        Type elementType = array.GetType().GetElementType()!;
        writer.Write(GgufValueTypes.Array);
        writer.Write(GgufValueTypes.Code(elementType));
        writer.Write((ulong)array.Length);
        foreach (object element in array) WriteScalar(writer, path, key, element);
    }

    private static void WriteScalar(BinaryWriter writer, string path, string key, object value)
    {
        switch (value)
        {
            case byte number: writer.Write(number); break;
            case sbyte number: writer.Write(number); break;
            case ushort number: writer.Write(number); break;
            case short number: writer.Write(number); break;
            case uint number: writer.Write(number); break;
            case int number: writer.Write(number); break;
            case float number: writer.Write(number); break;
            case bool flag: writer.Write(flag); break;
            case ulong number: writer.Write(number); break;
            case long number: writer.Write(number); break;
            case double number: writer.Write(number); break;
            case string text: WriteString(writer, path, key, text); break;
            default: throw new ArgumentException($"GGUF has no type for {value.GetType().Name} ({key})", nameof(value));
        }
    }

    private static void WriteString(BinaryWriter writer, string path, string key, string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        if (utf8.Length > StringByteLimit) throw new InputException($"{path}: `{key}` is a text of {utf8.Length} bytes, readers accept {StringByteLimit}", "shorten it");
        writer.Write((ulong)utf8.Length);
        writer.Write(utf8);
    }

    private static void Pad(Stream stream)
    {
        Span<byte> zeros = stackalloc byte[GgufReader.DefaultAlignment];
        zeros.Clear();
        stream.Write(zeros[..(int)(GgufReader.AlignUp(stream.Position, GgufReader.DefaultAlignment) - stream.Position)]);
    }
}
