using System.Buffers.Binary;

namespace Distill.Prompts;

/// <summary>
/// Looks through a Parquet file's footer before the library does: a damaged one may claim lists of billions of items, on which the library
/// allocates and loops, or a schema nested without end. Every length is held against the bytes that are there, every field of the metadata against
/// its type in the specification (parquet.thrift, in Thrift's compact protocol).
/// </summary>
internal static class ParquetFooter
{
    private const int LargestFooter = 256 << 20, DeepestStruct = 24, DeepestSchema = 64;
    private const int True = 1, False = 2, Byte = 3, Int16 = 4, Int32 = 5, Int64 = 6, Double = 7, Binary = 8, List = 9, Set = 10, Map = 11, Struct = 12;

    private static readonly Shape SchemaElement = new(new() { [1] = new(Int32), [2] = new(Int32), [3] = new(Int32), [4] = new(Binary), [5] = new(Int32), [6] = new(Int32), [7] = new(Int32), [8] = new(Int32), [9] = new(Int32), [10] = new(Struct) });
    private static readonly Shape KeyValue = new(new() { [1] = new(Binary), [2] = new(Binary) });
    private static readonly Shape SizeStatistics = new(new() { [1] = new(Int64), [2] = new(List, Int64), [3] = new(List, Int64) });
    private static readonly Shape ColumnMetadata = new(new()
    {
        [1] = new(Int32), [2] = new(List, Int32), [3] = new(List, Binary), [4] = new(Int32), [5] = new(Int64), [6] = new(Int64), [7] = new(Int64), [8] = new(List, Struct, KeyValue), [9] = new(Int64), [10] = new(Int64),
        [11] = new(Int64), [12] = new(Struct), [13] = new(List, Struct), [14] = new(Int64), [15] = new(Int32), [16] = new(Struct, Of: SizeStatistics), [17] = new(Struct),
    });
    private static readonly Shape ColumnChunk = new(new() { [1] = new(Binary), [2] = new(Int64), [3] = new(Struct, Of: ColumnMetadata), [4] = new(Int64), [5] = new(Int32), [6] = new(Int64), [7] = new(Int32), [8] = new(Struct), [9] = new(Binary) });
    private static readonly Shape RowGroup = new(new() { [1] = new(List, Struct, ColumnChunk), [2] = new(Int64), [3] = new(Int64), [4] = new(List, Struct), [5] = new(Int64), [6] = new(Int64), [7] = new(Int16) });
    private static readonly Shape FileMetadata = new(new()
    {
        [1] = new(Int32), [2] = new(List, Struct, SchemaElement), [3] = new(Int64), [4] = new(List, Struct, RowGroup), [5] = new(List, Struct, KeyValue), [6] = new(Binary), [7] = new(List, Struct), [8] = new(Struct), [9] = new(Binary),
    });

    private sealed record Field(int Type, int Item = 0, Shape? Of = null);

    private sealed record Shape(Dictionary<int, Field> Fields);

    /// <summary>Checks the footer and goes back to the beginning of the file.</summary>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    public static void Check(Stream file)
    {
        if (file.Length < 12) return; // no Parquet at all, which the library says itself
        Span<byte> tail = stackalloc byte[8];
        file.Position = file.Length - 8;
        file.ReadExactly(tail);
        int length = BinaryPrimitives.ReadInt32LittleEndian(tail);
        file.Position = 0;
        if (!tail[4..].SequenceEqual("PAR1"u8)) return;
        if (length < 0 || length > file.Length - 12 || length > LargestFooter) throw new InvalidDataException($"a footer of {length} bytes in a file of {file.Length}");
        byte[] footer = new byte[length];
        file.Position = file.Length - 8 - length;
        file.ReadExactly(footer);
        file.Position = 0;
        new Walk(footer).Whole();
    }

    private ref struct Walk(ReadOnlySpan<byte> bytes)
    {
        private readonly ReadOnlySpan<byte> _bytes = bytes;
        private readonly List<long> _children = [];
        private int _at;

        public void Whole()
        {
            StructOf(FileMetadata, 0);
            var open = new Stack<long>();
            foreach (long children in _children)
            {
                while (open.Count > 0 && open.Peek() == 0) open.Pop();
                if (open.Count > 0) open.Push(open.Pop() - 1);
                if (children < 0 || children > _children.Count || open.Count > DeepestSchema) throw Damaged("its schema");
                if (children > 0) open.Push(children);
            }
        }

        private void StructOf(Shape? shape, int depth)
        {
            if (depth > DeepestStruct) throw Damaged("its nesting");
            int id = 0;
            long children = 0;
            for (int head = Next(); head != 0; head = Next())
            {
                id = head >> 4 == 0 ? (int)Signed() : id + (head >> 4);
                int type = head & 15;
                Field? known = shape?.Fields.GetValueOrDefault(id);
                if (known is not null && known.Type != type) throw Damaged($"field {id}");
                if (known is { Type: Int32 } && id == 5 && ReferenceEquals(shape, SchemaElement)) children = Signed();
                else Value(type, known, depth, inList: false);
            }
            if (ReferenceEquals(shape, SchemaElement)) _children.Add(children);
        }

        private void Value(int type, Field? known, int depth, bool inList)
        {
            switch (type)
            {
                case True or False:
                    if (inList) Next();
                    break;
                case Byte: Next(); break;
                case Int16 or Int32 or Int64: Unsigned(); break;
                case Double: Skip(8); break;
                case Binary: Skip(Unsigned()); break;
                case List or Set: Items(known, depth); break;
                case Map: Pairs(depth); break;
                case Struct: StructOf(known?.Of, depth + 1); break;
                default: throw Damaged($"type {type}");
            }
        }

        private void Items(Field? known, int depth)
        {
            int head = Next(), item = head & 15;
            ulong count = head >> 4 == 15 ? Unsigned() : (ulong)(head >> 4);
            if (count > (ulong)(_bytes.Length - _at)) throw Damaged($"a list of {count} items");
            if (count > 0 && known is { Item: > 0 } && known.Item != item) throw Damaged($"a list of type {item}");
            if (depth > DeepestStruct) throw Damaged("its nesting");
            for (ulong i = 0; i < count; i++) Value(item, known?.Of is { } of ? new Field(Struct, Of: of) : null, depth + 1, inList: true);
        }

        private void Pairs(int depth)
        {
            ulong count = Unsigned();
            if (count == 0) return;
            if (count > (ulong)(_bytes.Length - _at) || depth > DeepestStruct) throw Damaged($"a map of {count} pairs");
            int types = Next();
            for (ulong i = 0; i < count; i++)
            {
                Value(types >> 4, null, depth + 1, inList: true);
                Value(types & 15, null, depth + 1, inList: true);
            }
        }

        private int Next() => _at < _bytes.Length ? _bytes[_at++] : throw Damaged("its end");

        private ulong Unsigned()
        {
            ulong value = 0;
            for (int shift = 0; shift < 70; shift += 7)
            {
                int next = Next();
                value |= (ulong)(next & 127) << shift;
                if (next < 128) return value;
            }
            throw Damaged("a number");
        }

        private long Signed()
        {
            ulong value = Unsigned();
            return (long)(value >> 1) ^ -(long)(value & 1);
        }

        private void Skip(ulong count)
        {
            if (count > (ulong)(_bytes.Length - _at)) throw Damaged($"a text of {count} bytes");
            _at += (int)count;
        }

        private static InvalidDataException Damaged(string what) => new($"the footer is damaged: {what}");
    }
}
