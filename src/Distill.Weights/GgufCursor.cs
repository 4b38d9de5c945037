using System.Runtime.CompilerServices;
using System.Text;
using Distill.Runs;

namespace Distill.Weights;

/// <summary>Reads the head of a GGUF file field by field; every read is checked against the file's end before it happens.</summary>
internal sealed unsafe class GgufCursor(MappedFile file)
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    public long Position { get; private set; }

    /// <summary>The next field of a plain type, little endian.</summary>
    public T Read<T>(string what) where T : unmanaged
    {
        Need((ulong)sizeof(T), what);
        T value = Unsafe.ReadUnaligned<T>(file.At(Position));
        Position += sizeof(T);
        return value;
    }

    /// <summary>The next string: its length in 64 bits, then UTF-8.</summary>
    public string ReadString(string what)
    {
        ulong length = Read<ulong>(what);
        Need(length, what);
        if (length > int.MaxValue / 4) throw Damaged($"{what} is a text of {length} bytes");
        try
        {
            return StrictUtf8.GetString(file.Span(Position, (int)length));
        }
        catch (DecoderFallbackException e)
        {
            throw Damaged($"{what} is not UTF-8", e);
        }
        finally
        {
            Position += (long)length;
        }
    }

    /// <summary>The next metadata value, its type code first.</summary>
    public object ReadValue(string what)
    {
        uint code = Read<uint>(what);
        return code switch
        {
            0 => Read<byte>(what),
            1 => Read<sbyte>(what),
            2 => Read<ushort>(what),
            3 => Read<short>(what),
            4 => Read<uint>(what),
            5 => Read<int>(what),
            6 => Read<float>(what),
            7 => Read<byte>(what) != 0,
            GgufValueTypes.String => ReadString(what),
            GgufValueTypes.Array => ReadArray(what),
            10 => Read<ulong>(what),
            11 => Read<long>(what),
            12 => Read<double>(what),
            _ => throw Damaged($"{what} has the unknown value type {code}"),
        };
    }

    public InputException Damaged(string what, Exception? inner = null) =>
        new($"{file.Path}: {what}", "copy or download the file again, or export it anew", inner: inner);

    private Array ReadArray(string what)
    {
        uint code = Read<uint>(what);
        ulong count = Read<ulong>(what);
        return code switch
        {
            0 => ReadNumbers<byte>(count, what),
            1 => ReadNumbers<sbyte>(count, what),
            2 => ReadNumbers<ushort>(count, what),
            3 => ReadNumbers<short>(count, what),
            4 => ReadNumbers<uint>(count, what),
            5 => ReadNumbers<int>(count, what),
            6 => ReadNumbers<float>(count, what),
            7 => System.Array.ConvertAll(ReadNumbers<byte>(count, what), flag => flag != 0),
            GgufValueTypes.String => ReadStrings(count, what),
            GgufValueTypes.Array => throw Damaged($"{what} is an array of arrays"),
            10 => ReadNumbers<ulong>(count, what),
            11 => ReadNumbers<long>(count, what),
            12 => ReadNumbers<double>(count, what),
            _ => throw Damaged($"{what} has the unknown element type {code}"),
        };
    }

    private T[] ReadNumbers<T>(ulong count, string what) where T : unmanaged
    {
        CheckCount(count, sizeof(T), what);
        var numbers = new T[count];
        new ReadOnlySpan<T>(file.At(Position), numbers.Length).CopyTo(numbers);
        Position += numbers.LongLength * sizeof(T);
        return numbers;
    }

    private string[] ReadStrings(ulong count, string what)
    {
        CheckCount(count, sizeof(ulong), what);
        var strings = new string[count];
        for (int i = 0; i < strings.Length; i++) strings[i] = ReadString(what);
        return strings;
    }

    // Nothing is allocated for elements that the file is too short to hold.
    private void CheckCount(ulong count, int leastBytes, string what)
    {
        if (count > (ulong)(file.Length - Position) / (ulong)leastBytes || count > int.MaxValue / 8)
            throw Damaged($"{what} claims {count} elements, more than the file holds: truncated or damaged");
    }

    private void Need(ulong bytes, string what)
    {
        if (bytes > (ulong)(file.Length - Position)) throw Damaged($"the file ends inside {what}: truncated or damaged");
    }
}
