using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Distill.Runs;
using Distill.Weights;

namespace Distill.Training;

/// <summary>
/// A tokenized training set in one file, mapped into memory: 800,000 traces of 5,000 tokens are 16 GB, which no process
/// should have to hold. Layout: all tokens (int32), then per sample its length and prompt length (int32) and its id (length
/// and UTF-8), then the numbers of samples and tokens and a mark (int64 each). Little-endian.
/// </summary>
internal sealed class TokenStore : IDisposable
{
    private const long Mark = 0x3154_4C53_4944_0A0D; // "\r\nDISLT1"
    private const int FooterBytes = 24;

    private readonly MappedFile _file;
    private readonly MappedTokens _tokens;

    private TokenStore(MappedFile file, long tokens)
    {
        _file = file;
        _tokens = new MappedTokens(file);
        TokenCount = tokens;
    }

    /// <summary>The samples, in the order they were written.</summary>
    public required IReadOnlyList<TrainingSample> Samples { get; init; }

    /// <summary>Tokens of all samples.</summary>
    public long TokenCount { get; }

    /// <summary>Writes samples to a file, one in memory at a time.</summary>
    /// <exception cref="InputException">The disk is full, or the folder cannot be written.</exception>
    public static void Write(string path, IEnumerable<TrainingSample> samples) => AtomicFile.Write(path, stream =>
    {
        var entries = new List<(int Length, int PromptLength, string Id)>();
        long tokens = 0;
        foreach (TrainingSample sample in samples)
        {
            stream.Write(MemoryMarshal.AsBytes(sample.Tokens.Span));
            entries.Add((sample.Length, sample.PromptLength, sample.Id));
            tokens += sample.Length;
        }
        using var writer = new BinaryWriter(stream, Encoding.UTF8, leaveOpen: true);
        foreach ((int length, int promptLength, string id) in entries)
        {
            writer.Write(length);
            writer.Write(promptLength);
            writer.Write(id);
        }
        writer.Write((long)entries.Count);
        writer.Write(tokens);
        writer.Write(Mark);
    });

    /// <summary>Opens a file, or returns null when it is not a whole token store.</summary>
    public static TokenStore? Open(string path)
    {
        if (!File.Exists(path) || new FileInfo(path).Length < FooterBytes) return null;
        var file = new MappedFile(path);
        ReadOnlySpan<byte> footer = file.Span(file.Length - FooterBytes, FooterBytes);
        long count = BinaryPrimitives.ReadInt64LittleEndian(footer), tokens = BinaryPrimitives.ReadInt64LittleEndian(footer[8..]);
        bool whole = BinaryPrimitives.ReadInt64LittleEndian(footer[16..]) == Mark && tokens >= 0 && tokens <= file.Length / sizeof(int)
            && count >= 0 && count <= file.Length / 9;
        if (whole && ReadSamples(path, file, count, tokens) is { } store) return store;
        file.Dispose();
        return null;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static TokenStore? ReadSamples(string path, MappedFile file, long count, long tokens)
    {
        var samples = new TrainingSample[count];
        var store = new TokenStore(file, tokens) { Samples = samples };
        using var reader = new BinaryReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read), Encoding.UTF8);
        reader.BaseStream.Position = tokens * sizeof(int);
        long start = 0;
        try
        {
            for (long i = 0; i < count; i++)
            {
                int length = reader.ReadInt32(), promptLength = reader.ReadInt32();
                if (length < 0 || length > tokens - start) return null;
                samples[i] = new TrainingSample(store._tokens.Slice(start, length), promptLength, reader.ReadString());
                start += length;
            }
        }
        catch (EndOfStreamException)
        {
            return null;
        }
        return start == tokens ? store : null;
    }

    /// <summary>Hands out memory over the mapped tokens, which may be more than a span can cover.</summary>
    private sealed unsafe class MappedTokens(MappedFile file)
    {
        public ReadOnlyMemory<int> Slice(long start, int length) => new Window(file, start, length).Memory;

        private sealed class Window(MappedFile file, long start, int length) : MemoryManager<int>
        {
            public override Span<int> GetSpan() => new(file.At(start * sizeof(int)), length);

            public override MemoryHandle Pin(int elementIndex = 0) => new((int*)file.At(start * sizeof(int)) + elementIndex);

            public override void Unpin() { }

            protected override void Dispose(bool disposing) { }
        }
    }
}
