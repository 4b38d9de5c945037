using System.Buffers;
using System.Buffers.Binary;
using System.Text.Encodings.Web;
using System.Text.Json;
using Distill.Runs;

namespace Distill.Weights;

/// <summary>Writes safetensors files, atomically. The same tensors in the same order give the same bytes.</summary>
public static class SafetensorsWriter
{
    private static readonly JsonWriterOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes the tensors in the order given, streaming each one.</summary>
    /// <param name="path">The file; it appears whole or not at all.</param>
    /// <param name="tensors">What to write.</param>
    /// <param name="metadata">Extra entries of <c>__metadata__</c>; <c>format: pt</c>, which readers ask for, is always there.</param>
    /// <exception cref="InputException">The disk is full, or the folder cannot be written.</exception>
    /// <exception cref="ArgumentException">Two tensors share a name.</exception>
    /// <exception cref="InvalidOperationException">A tensor wrote more or fewer bytes than its shape and type need.</exception>
    public static void Write(string path, IReadOnlyList<TensorToWrite> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        byte[] header = Header(tensors, metadata);
        AtomicFile.Write(path, stream =>
        {
            Span<byte> length = stackalloc byte[8];
            BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
            stream.Write(length);
            stream.Write(header);
            foreach (TensorToWrite tensor in tensors)
            {
                long start = stream.Position, expected = tensor.ByteCount;
                tensor.WriteBytes(stream);
                if (stream.Position - start != expected)
                    throw new InvalidOperationException($"tensor `{tensor.Name}` wrote {stream.Position - start} bytes instead of {expected}");
            }
        });
    }

    private static byte[] Header(IReadOnlyList<TensorToWrite> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        var allMetadata = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["format"] = "pt" };
        foreach ((string key, string value) in metadata ?? new Dictionary<string, string>()) allMetadata[key] = value;

        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Json))
        {
            json.WriteStartObject();
            json.WriteStartObject("__metadata__");
            foreach ((string key, string value) in allMetadata) json.WriteString(key, value);
            json.WriteEndObject();
            WriteTensors(json, tensors);
            json.WriteEndObject();
        }
        int padding = (8 - (buffer.WrittenCount % 8)) % 8; // keeps the first tensor aligned in the mapped file
        byte[] header = new byte[buffer.WrittenCount + padding];
        buffer.WrittenSpan.CopyTo(header);
        header.AsSpan(buffer.WrittenCount).Fill((byte)' ');
        return header;
    }

    private static void WriteTensors(Utf8JsonWriter json, IReadOnlyList<TensorToWrite> tensors)
    {
        var names = new HashSet<string>(StringComparer.Ordinal) { "__metadata__" };
        long position = 0;
        foreach (TensorToWrite tensor in tensors)
        {
            if (!names.Add(tensor.Name)) throw new ArgumentException($"tensor `{tensor.Name}` is given twice", nameof(tensors));
            json.WriteStartObject(tensor.Name);
            json.WriteString("dtype", tensor.Type.SafetensorsName());
            json.WriteStartArray("shape");
            foreach (long dimension in tensor.Shape) json.WriteNumberValue(dimension);
            json.WriteEndArray();
            json.WriteStartArray("data_offsets");
            json.WriteNumberValue(position);
            json.WriteNumberValue(position += tensor.ByteCount);
            json.WriteEndArray();
            json.WriteEndObject();
        }
    }
}
