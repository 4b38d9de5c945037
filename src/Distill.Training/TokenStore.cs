using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Distill.Runs;
using Distill.Weights;

namespace Distill.Training;

/// <summary>
/// A tokenized training set in one file, mapped into memory: 800,000 traces of 5,000 tokens are 16 GB, which no process
/// should have to hold. Layout: the samples' tokens (int32), each with its teacher's likeliest tokens (int32) and their log-probabilities
/// (16-bit floats, filled up to four bytes) where these are known; then per sample its length, its prompt length and the width of what is
/// known of the teacher and its number of positions (int32) and its id (length and UTF-8); then the number of samples, the length of the first part in four bytes, and a
/// mark (int64 each). Little-endian.
/// </summary>
internal sealed class TokenStore : IDisposable
{
    private const long Mark = 0x3254_4C53_4944_0A0D; // "\r\nDISLT2"
    private const int FooterBytes = 24, SmallestEntry = 17;

    private readonly MappedFile _file;

    private TokenStore(MappedFile file) => _file = file;

    /// <summary>The samples, in the order they were written.</summary>
    public required IReadOnlyList<TrainingSample> Samples { get; init; }

    /// <summary>Tokens of all samples.</summary>
    public long TokenCount => Samples.Sum(sample => (long)sample.Length);

    /// <summary>Writes samples to a file, one in memory at a time.</summary>
    /// <exception cref="InputException">The disk is full, or the folder cannot be written.</exception>
    public static void Write(string path, IEnumerable<TrainingSample> samples) => AtomicFile.Write(path, stream =>
    {
        var entries = new List<(int Length, int PromptLength, int Width, int Positions, string Id)>();
        long words = 0;
        foreach (TrainingSample sample in samples)
        {
            stream.Write(MemoryMarshal.AsBytes(sample.Tokens.Span));
            words += sample.Length;
            if (sample.Teacher is { } teacher) words += WriteTeacher(stream, teacher);
            entries.Add((sample.Length, sample.PromptLength, sample.Teacher?.Width ?? 0, sample.Teacher?.Length ?? 0, sample.Id));
        }
        using var writer = new BinaryWriter(stream, Encoding.UTF8, leaveOpen: true);
        foreach ((int length, int promptLength, int width, int positions, string id) in entries)
        {
            writer.Write(length);
            writer.Write(promptLength);
            writer.Write(width);
            writer.Write(positions);
            writer.Write(id);
        }
        writer.Write((long)entries.Count);
        writer.Write(words);
        writer.Write(Mark);
    });

    /// <summary>Opens a file, or returns null when it is not a whole token store.</summary>
    public static TokenStore? Open(string path)
    {
        if (!File.Exists(path) || new FileInfo(path).Length < FooterBytes) return null;
        var file = new MappedFile(path);
        ReadOnlySpan<byte> footer = file.Span(file.Length - FooterBytes, FooterBytes);
        long count = BinaryPrimitives.ReadInt64LittleEndian(footer), words = BinaryPrimitives.ReadInt64LittleEndian(footer[8..]);
        bool whole = BinaryPrimitives.ReadInt64LittleEndian(footer[16..]) == Mark && words >= 0 && words <= file.Length / sizeof(int)
            && count >= 0 && count <= file.Length / SmallestEntry;
        if (whole && ReadSamples(path, file, count, words) is { } store) return store;
        file.Dispose();
        return null;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    // Likeliest tokens, then two log-probabilities to a word.
    private static long TeacherWords(long values) => values + ((values + 1) / 2);

    private static long WriteTeacher(Stream stream, TeacherTargets teacher)
    {
        stream.Write(MemoryMarshal.AsBytes(teacher.Tokens.Span));
        stream.Write(MemoryMarshal.AsBytes(teacher.LogProbabilities.Span));
        if (teacher.Tokens.Length % 2 == 1) stream.Write([0, 0]);
        return TeacherWords(teacher.Tokens.Length);
    }

    private static TokenStore? ReadSamples(string path, MappedFile file, long count, long words)
    {
        var samples = new TrainingSample[count];
        using var reader = new BinaryReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read), Encoding.UTF8);
        reader.BaseStream.Position = words * sizeof(int);
        long start = 0;
        try
        {
            for (long i = 0; i < count; i++)
            {
                int length = reader.ReadInt32(), promptLength = reader.ReadInt32(), width = reader.ReadInt32(), positions = reader.ReadInt32();
                long values = (long)width * positions;
                if (length < 0 || promptLength < 0 || promptLength > length || width < 0 || positions < 0 || values > int.MaxValue || length + (width > 0 ? TeacherWords(values) : 0) > words - start) return null;
                samples[i] = new TrainingSample(Slice<int>(start, length), promptLength, reader.ReadString());
                start += length;
                if (width == 0) continue;
                samples[i] = samples[i] with { Teacher = new(width, Slice<int>(start, (int)values), Slice<Half>(start + values, (int)values)) };
                start += TeacherWords(values);
            }
        }
        catch (Exception e) when (e is IOException or FormatException) // cut off, or the length of an id is damaged
        {
            return null;
        }
        return start == words ? new TokenStore(file) { Samples = samples } : null;

        ReadOnlyMemory<T> Slice<T>(long word, int length) where T : unmanaged => new Window<T>(file, word * sizeof(int), length).Memory;
    }

    /// <summary>Memory over a stretch of the mapped file, which may be more than a span can cover.</summary>
    private sealed unsafe class Window<T>(MappedFile file, long start, int length) : MemoryManager<T> where T : unmanaged
    {
        public override Span<T> GetSpan() => new(file.At(start), length);

        public override MemoryHandle Pin(int elementIndex = 0) => new((T*)file.At(start) + elementIndex);

        public override void Unpin() { }

        protected override void Dispose(bool disposing) { }
    }
}
