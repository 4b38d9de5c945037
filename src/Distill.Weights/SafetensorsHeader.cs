using System.Text.Json;
using Distill.Runs;

namespace Distill.Weights;

/// <summary>The checked JSON header of a safetensors file: tensors in the order of their bytes, with absolute offsets.</summary>
internal sealed record SafetensorsHeader(
    IReadOnlyDictionary<string, string> Metadata, IReadOnlyList<(TensorInfo Info, long Offset)> Tensors)
{
    private const int DimensionLimit = 16;

    /// <summary>Parses and checks a header.</summary>
    /// <param name="path">The file, for messages.</param>
    /// <param name="json">The header's bytes.</param>
    /// <param name="dataStart">File offset of the first tensor byte.</param>
    /// <param name="fileLength">Length of the file.</param>
    /// <exception cref="InputException">Anything is wrong with it.</exception>
    public static SafetensorsHeader Parse(string path, ReadOnlySpan<byte> json, long dataStart, long fileLength)
    {
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        var tensors = new List<(TensorInfo Info, long Offset)>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        try
        {
            var reader = new Utf8JsonReader(json);
            reader.Read();
            Expect(path, reader.TokenType == JsonTokenType.StartObject, "the header is not a JSON object");
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                string name = reader.GetString()!;
                Expect(path, names.Add(name), $"tensor `{name}` is listed twice");
                reader.Read();
                if (name == "__metadata__") ReadMetadata(path, ref reader, metadata);
                else tensors.Add(ReadTensor(path, name, ref reader, dataStart, fileLength));
            }
            reader.Read(); // anything but white space after the object is an error
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw SafetensorsFile.Damaged(path, "the header is not valid JSON of a safetensors file", e);
        }
        CheckLayout(path, tensors, dataStart, fileLength);
        return new SafetensorsHeader(metadata, tensors);
    }

    private static void ReadMetadata(string path, ref Utf8JsonReader reader, Dictionary<string, string> metadata)
    {
        Expect(path, reader.TokenType == JsonTokenType.StartObject, "`__metadata__` is not an object");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string key = reader.GetString()!;
            reader.Read();
            metadata[key] = reader.GetString() ?? "";
        }
    }

    private static (TensorInfo Info, long Offset) ReadTensor(string path, string name, ref Utf8JsonReader reader, long dataStart, long fileLength)
    {
        Expect(path, reader.TokenType == JsonTokenType.StartObject, $"tensor `{name}` has no description");
        string? typeName = null;
        List<long>? shape = null, offsets = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string key = reader.GetString()!;
            reader.Read();
            switch (key)
            {
                case "dtype":
                    typeName = reader.GetString();
                    break;
                case "shape":
                    shape = ReadNumbers(path, name, ref reader);
                    break;
                case "data_offsets":
                    offsets = ReadNumbers(path, name, ref reader);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
        Expect(path, typeName is not null && shape is not null && offsets is { Count: 2 }, $"tensor `{name}` lacks dtype, shape or data_offsets");
        if (!TensorTypes.TryParseSafetensorsName(typeName!, out TensorType type))
            throw new InputException($"{path}: tensor `{name}` has the unknown dtype {typeName}", "use a checkpoint in F32, F16, BF16 or F8_E4M3");

        (long begin, long end) = (offsets![0], offsets[1]);
        TensorInfo info;
        long bytes;
        try
        {
            info = new TensorInfo(name, type, shape!);
            bytes = info.ByteCount;
        }
        catch (OverflowException e)
        {
            throw SafetensorsFile.Damaged(path, $"tensor `{name}` has an impossible shape [{string.Join(", ", shape!)}]", e);
        }
        Expect(path, begin <= end && end <= fileLength - dataStart, $"tensor `{name}` lies at bytes {begin}..{end} of the data, the file has {fileLength - dataStart}: truncated or damaged");
        Expect(path, end - begin == bytes, $"tensor `{name}` of shape {info.ShapeText} and type {typeName} needs {bytes} bytes, the header gives it {end - begin}");
        return (info, dataStart + begin);
    }

    private static List<long> ReadNumbers(string path, string name, ref Utf8JsonReader reader)
    {
        Expect(path, reader.TokenType == JsonTokenType.StartArray, $"tensor `{name}` has a malformed description");
        var numbers = new List<long>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            Expect(path, reader.TryGetInt64(out long number) && number >= 0 && numbers.Count < DimensionLimit, $"tensor `{name}` has a negative or impossible size or offset");
            numbers.Add(number);
        }
        return numbers;
    }

    // The reference implementation asks for tensors without gaps that end where the file ends; it keeps polyglot files out.
    private static void CheckLayout(string path, List<(TensorInfo Info, long Offset)> tensors, long dataStart, long fileLength)
    {
        tensors.Sort((a, b) => a.Offset != b.Offset ? a.Offset.CompareTo(b.Offset) : a.Info.ByteCount.CompareTo(b.Info.ByteCount));
        long position = dataStart;
        foreach ((TensorInfo info, long offset) in tensors)
        {
            Expect(path, offset >= position, $"tensor `{info.Name}` overlaps the tensor before it");
            Expect(path, offset == position, $"there is a gap before tensor `{info.Name}`");
            position = offset + info.ByteCount;
        }
        Expect(path, position == fileLength, $"{fileLength - position} bytes follow the last tensor");
    }

    private static void Expect(string path, bool condition, string otherwise)
    {
        if (!condition) throw SafetensorsFile.Damaged(path, otherwise);
    }
}
