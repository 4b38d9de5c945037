using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Distill.Export.Onnx;

/// <summary>
/// One protobuf message being put together. Large byte fields are named by length and written when the message is, so a
/// message may be far larger than memory; fields come out in the order they were added, so the bytes are reproducible.
/// Format: https://protobuf.dev/programming-guides/encoding/
/// </summary>
internal sealed class ProtobufMessage
{
    private const int VarintWire = 0, LengthWire = 2, Fixed32Wire = 5;

    private readonly List<Part> parts = [];
    private readonly ArrayBufferWriter<byte> pending = new(64);

    /// <summary>Bytes of the whole message.</summary>
    public long Length { get; private set; }

    public ProtobufMessage Varint(int field, long value)
    {
        Tag(field, VarintWire);
        AppendVarint((ulong)value);
        return this;
    }

    public ProtobufMessage Fixed32(int field, float value)
    {
        Tag(field, Fixed32Wire);
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
        Append(bytes);
        return this;
    }

    public ProtobufMessage Text(int field, string text) => Bytes(field, Encoding.UTF8.GetBytes(text));

    public ProtobufMessage Bytes(int field, ReadOnlySpan<byte> bytes)
    {
        Tag(field, LengthWire);
        AppendVarint((ulong)bytes.Length);
        Append(bytes);
        return this;
    }

    public ProtobufMessage Message(int field, ProtobufMessage child)
    {
        Tag(field, LengthWire);
        AppendVarint((ulong)child.Length);
        ClosePending();
        child.ClosePending();
        parts.AddRange(child.parts);
        Length += child.Length;
        return this;
    }

    /// <summary>Adds a byte field of <paramref name="length"/> bytes that <paramref name="write"/> produces when the message is written.</summary>
    public ProtobufMessage Streamed(int field, long length, Action<Stream> write)
    {
        Tag(field, LengthWire);
        AppendVarint((ulong)length);
        ClosePending();
        parts.Add(new Part(default, length, write));
        Length += length;
        return this;
    }

    /// <summary>Writes the message.</summary>
    /// <exception cref="InvalidOperationException">A streamed field wrote more or fewer bytes than it announced.</exception>
    public void WriteTo(Stream stream)
    {
        ClosePending();
        foreach (Part part in parts)
        {
            if (part.Write is null)
            {
                stream.Write(part.Bytes.Span);
                continue;
            }
            long start = stream.Position;
            part.Write(stream);
            if (stream.Position - start != part.Length)
                throw new InvalidOperationException($"a field announced {part.Length} bytes and wrote {stream.Position - start}");
        }
    }

    private void Tag(int field, int wire) => AppendVarint(((ulong)field << 3) | (uint)wire);

    private void AppendVarint(ulong value)
    {
        Span<byte> bytes = stackalloc byte[10];
        int count = 0;
        for (; value >= 0x80; value >>= 7) bytes[count++] = (byte)(value | 0x80);
        bytes[count++] = (byte)value;
        Append(bytes[..count]);
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        pending.Write(bytes);
        Length += bytes.Length;
    }

    private void ClosePending()
    {
        if (pending.WrittenCount == 0) return;
        parts.Add(new Part(pending.WrittenSpan.ToArray(), pending.WrittenCount, null));
        pending.ResetWrittenCount();
    }

    private readonly record struct Part(ReadOnlyMemory<byte> Bytes, long Length, Action<Stream>? Write);
}
