using System.Text;
using Distill.Runs;

namespace Distill.Weights;

/// <summary>
/// Walks the fields of one protobuf message in a mapped file. What is not asked for is stepped over without being touched, so a
/// message may be far larger than memory; every length is checked against the end of the message around it.
/// Format: https://protobuf.dev/programming-guides/encoding/
/// </summary>
internal unsafe ref struct ProtobufCursor(MappedFile file, long start, long end)
{
    private const int Varint = 0, Fixed64 = 1, Bytes = 2, Fixed32 = 5;

    private readonly long _end = end;
    private long _position = start;
    private int _wire = -1;

    /// <summary>Number of the field that <see cref="Next"/> found.</summary>
    public int Field { get; private set; }

    /// <summary>Goes to the next field; false at the end of the message. A field that was not read is stepped over.</summary>
    public bool Next()
    {
        if (_wire >= 0) Skip();
        if (_position >= _end) return false;
        ulong tag = ReadVarint();
        Field = tag >> 3 is > 0 and < 1 << 29 and var field ? (int)field : throw Damaged("an impossible field number");
        _wire = (int)(tag & 7);
        return true;
    }

    /// <summary>The field as a whole number.</summary>
    public long Number()
    {
        Expect(Varint);
        return (long)ReadVarint();
    }

    /// <summary>The field as text; bytes that are not UTF-8 become U+FFFD.</summary>
    public string Text(int longest)
    {
        (long from, long length) = Range();
        if (length > longest) throw Damaged($"a text of {length} bytes where at most {longest} are expected");
        return Encoding.UTF8.GetString(file.Span(from, (int)length));
    }

    /// <summary>The field as a message of its own.</summary>
    public ProtobufCursor Message()
    {
        (long from, long length) = Range();
        return new ProtobufCursor(file, from, from + length);
    }

    /// <summary>Steps over a field of bytes and gives their number.</summary>
    public long Length() => Range().Length;

    /// <summary>The field as whole numbers: one, or several in one packed field.</summary>
    /// <param name="into">Receives them.</param>
    /// <param name="most">How many it may hold.</param>
    public void Numbers(List<long> into, int most)
    {
        if (_wire == Varint)
        {
            into.Add(Number());
        }
        else
        {
            ProtobufCursor packed = Message();
            while (packed._position < packed._end)
            {
                if (into.Count > most) break;
                into.Add((long)packed.ReadVarint());
            }
        }
        if (into.Count > most) throw Damaged($"more than {most} numbers in one field");
    }

    private (long From, long Length) Range()
    {
        Expect(Bytes);
        ulong length = ReadVarint();
        if (length > (ulong)(_end - _position)) throw Damaged("a field that ends behind the message it stands in: truncated or damaged");
        long from = _position;
        _position += (long)length;
        return (from, (long)length);
    }

    private void Skip()
    {
        switch (_wire)
        {
            case Varint:
                ReadVarint();
                break;
            case Bytes:
                Range();
                break;
            case Fixed64 or Fixed32:
                _position += _wire == Fixed64 ? 8 : 4;
                if (_position > _end) throw Damaged("a number that ends behind the message it stands in: truncated or damaged");
                break;
            default:
                throw Damaged($"a field of the unknown kind {_wire}");
        }
        _wire = -1;
    }

    private void Expect(int wire)
    {
        if (_wire != wire) throw Damaged($"field {Field} is of kind {_wire}, expected {wire}");
        _wire = -1;
    }

    private ulong ReadVarint()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            if (_position >= _end) throw Damaged("a number that ends behind the message it stands in: truncated or damaged");
            byte next = *file.At(_position++);
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80) return value;
        }
        throw Damaged("a number of more than ten bytes");
    }

    private readonly InputException Damaged(string what) =>
        new($"{file.Path}: is not a readable ONNX file: byte {_position}: {what}", "copy or download the file again, or export it anew");
}
