using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Distill.Runs;
using Distill.Weights;

namespace Distill.Export.Quantization;

/// <summary>
/// Reads and writes imatrix files in llama.cpp's two formats: GGUF (since mid-2025), and the older <c>.dat</c>, which other tools
/// still want. A <c>.dat</c> holds mean squares times the number of chunks, in one piece for all experts.
/// </summary>
internal static class ImportanceMatrixFile
{
    private const string SumSuffix = ".in_sum2", CountSuffix = ".counts";
    private const int NameLimit = 256;

    /// <summary>Reads a file of either format.</summary>
    /// <exception cref="InputException">It is missing, damaged, of another kind, or holds values that no mean square can have.</exception>
    public static ImportanceMatrix Read(string path)
    {
        ImportanceMatrix matrix = IsGguf(path) ? ReadGguf(path) : ReadDat(path);
        if (matrix.Entries.Count == 0) throw Damaged(path, "holds no entry");
        foreach ((string name, ImportanceEntry entry) in matrix.Entries)
        {
            if (Array.Exists(entry.Sums, value => !float.IsFinite(value) || value < 0)) throw Damaged(path, $"`{name}` holds a value that is negative or not finite");
        }
        return matrix;
    }

    /// <summary>Writes the GGUF format, tensors in order of their names.</summary>
    public static void WriteGguf(ImportanceMatrix matrix, string path)
    {
        var metadata = new GgufMetadata
        {
            { "general.type", "imatrix" }, { "imatrix.datasets", matrix.Datasets.ToArray() },
            { "imatrix.chunk_count", (uint)matrix.Chunks }, { "imatrix.chunk_size", (uint)matrix.ChunkSize },
        };
        var tensors = new List<GgufTensorToWrite>();
        foreach ((string name, ImportanceEntry entry) in matrix.Entries.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            int matrices = entry.Counts.Length;
            tensors.Add(Tensor(name + SumSuffix, [matrices, entry.Sums.Length / matrices], entry.Sums));
            tensors.Add(Tensor(name + CountSuffix, [matrices, 1], entry.Counts));
        }
        GgufWriter.Write(path, metadata, tensors);
    }

    /// <summary>Writes the older format.</summary>
    public static void WriteDat(ImportanceMatrix matrix, string path) => AtomicFile.Write(path, stream =>
    {
        using var writer = new BinaryWriter(stream, Encoding.UTF8, leaveOpen: true);
        int calls = Math.Max(matrix.Chunks, 1);
        writer.Write(matrix.Entries.Count);
        foreach ((string name, ImportanceEntry entry) in matrix.Entries.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            WriteText(writer, name);
            writer.Write(calls);
            writer.Write(entry.Sums.Length);
            foreach (float mean in entry.Means()) writer.Write(mean * calls);
        }
        writer.Write(matrix.Chunks);
        WriteText(writer, string.Join(", ", matrix.Datasets));
    });

    private static bool IsGguf(string path)
    {
        if (!File.Exists(path)) throw new InputException($"{path}: no such file", "give an imatrix file, or `--imatrix auto` to compute one");
        using FileStream stream = File.OpenRead(path);
        Span<byte> magic = stackalloc byte[4];
        return stream.ReadAtLeast(magic, 4, throwOnEndOfStream: false) == 4 && magic.SequenceEqual("GGUF"u8);
    }

    private static ImportanceMatrix ReadGguf(string path)
    {
        using GgufReader reader = GgufReader.Open(path);
        if (reader.Metadata.FindString("general.type") != "imatrix") throw Damaged(path, "is a GGUF file, but no imatrix");
        var entries = new Dictionary<string, ImportanceEntry>(StringComparer.Ordinal);
        foreach (GgufTensorInfo sums in reader.Tensors.Where(tensor => tensor.Name.EndsWith(SumSuffix, StringComparison.Ordinal)))
        {
            string name = sums.Name[..^SumSuffix.Length];
            if (!reader.TryGet(name + CountSuffix, out GgufTensorInfo? counts) || counts.ElementCount == 0 || sums.ElementCount == 0 || sums.ElementCount % counts.ElementCount != 0)
                throw Damaged(path, $"`{sums.Name}` has no counts that fit");
            entries.Add(name, new ImportanceEntry(Floats(reader, sums), Floats(reader, counts)));
        }
        return new ImportanceMatrix(path, reader.Metadata.FindArray<string>("imatrix.datasets") ?? [],
            reader.Metadata.FindCount("imatrix.chunk_count") ?? 0, reader.Metadata.FindCount("imatrix.chunk_size") ?? 0, entries);
    }

    private static ImportanceMatrix ReadDat(string path)
    {
        ReadOnlySpan<byte> rest = File.ReadAllBytes(path);
        int count = ReadCount(path, ref rest, "the number of entries", int.MaxValue);
        var entries = new Dictionary<string, ImportanceEntry>(StringComparer.Ordinal);
        for (int i = 0; i < count; i++)
        {
            string name = ReadText(path, ref rest, NameLimit);
            int calls = ReadCount(path, ref rest, $"`{name}`", int.MaxValue), length = ReadCount(path, ref rest, $"`{name}`", rest.Length / sizeof(float));
            if (length > rest.Length / sizeof(float)) throw Damaged(path, $"ends inside `{name}`");
            if (length == 0 || !entries.TryAdd(name, new ImportanceEntry(MemoryMarshal.Cast<byte, float>(rest[..(length * sizeof(float))]).ToArray(), [Math.Max(calls, 1)])))
                throw Damaged(path, $"`{name}` is empty or there twice");
            rest = rest[(length * sizeof(float))..];
        }
        if (rest.Length < 8) return new ImportanceMatrix(path, [], 0, 0, entries); // the oldest files end here
        int chunks = ReadCount(path, ref rest, "the number of chunks", int.MaxValue);
        return new ImportanceMatrix(path, [ReadText(path, ref rest, rest.Length)], chunks, 0, entries);
    }

    private static int ReadCount(string path, ref ReadOnlySpan<byte> rest, string what, int limit)
    {
        if (rest.Length < sizeof(int)) throw Damaged(path, $"ends before {what}");
        int value = BinaryPrimitives.ReadInt32LittleEndian(rest);
        rest = rest[sizeof(int)..];
        return value >= 0 && value <= limit ? value : throw Damaged(path, $"{what} has the impossible count {value}");
    }

    private static string ReadText(string path, ref ReadOnlySpan<byte> rest, int limit)
    {
        int length = ReadCount(path, ref rest, "a name", limit);
        if (length > rest.Length) throw Damaged(path, "ends inside a name");
        string text = Encoding.UTF8.GetString(rest[..length]);
        rest = rest[length..];
        return text;
    }

    private static void WriteText(BinaryWriter writer, string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        writer.Write(utf8.Length);
        writer.Write(utf8);
    }

    private static float[] Floats(GgufReader reader, GgufTensorInfo tensor)
    {
        var values = new float[tensor.ElementCount];
        reader.ReadFloats(tensor, 0, values);
        return values;
    }

    private static GgufTensorToWrite Tensor(string name, long[] shape, float[] values) =>
        new(name, GgufTensorType.F32, shape, stream => stream.Write(MemoryMarshal.AsBytes<float>(values)));

    private static InputException Damaged(string path, string what) => new($"{path}: {what}", "use another imatrix file, or `--imatrix auto` to compute one");
}
