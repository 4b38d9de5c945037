using System.Runtime.CompilerServices;
using System.Text.Json;
using Distill.Runs;

namespace Distill.Inference.Endpoints;

/// <summary>A line of a batch's output: a reply, or what is wrong with it.</summary>
/// <param name="Number">Number of the line, from 1.</param>
/// <param name="End">Byte after it.</param>
/// <param name="Reply">The reply, or null.</param>
/// <param name="Problem">What is wrong with the line, or null.</param>
public sealed record BatchLine(long Number, long End, BatchReply? Reply, string? Problem);

/// <summary>An output or error file of a batch, read line by line: one line is in memory, however large the file.</summary>
public static class BatchOutput
{
    private const int LongestLine = 256 << 20;
    private const int BufferBytes = 1 << 20;

    /// <summary>Reads a file. Lines that cannot be read, the last one of a file that was cut off among them, are told as such.</summary>
    /// <exception cref="InputException">There is no such file, or a line is too long to be a reply.</exception>
    public static async IAsyncEnumerable<BatchLine> ReadAsync(string path, [EnumeratorCancellation] CancellationToken cancellation)
    {
        if (!File.Exists(path)) throw new InputException($"{path}: no such file", "name the output file of the batch, and its error file if it has one");
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, BufferBytes, FileOptions.SequentialScan);
        using var lines = new SseReader(file, LongestLine);
        long number = 0;
        while (await ReadLineAsync(lines, path, number + 1, cancellation))
        {
            number++;
            if (lines.Line.Span.Trim(" \t"u8).IsEmpty) continue;
            yield return Read(lines.Line.Span, number, file.Position);
        }
    }

    private static BatchLine Read(ReadOnlySpan<byte> line, long number, long end)
    {
        try
        {
            return new BatchLine(number, end, BatchReply.Read(line), null);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            return new BatchLine(number, end, null, e.Message);
        }
    }

    private static async ValueTask<bool> ReadLineAsync(SseReader lines, string path, long number, CancellationToken cancellation)
    {
        try
        {
            return await lines.ReadLineAsync(cancellation);
        }
        catch (InvalidDataException e)
        {
            throw new InputException($"{path}:{number}: a line of more than {LongestLine >> 20} MB is no reply of a batch", "name the output file of the batch: JSON, one reply a line", inner: e);
        }
    }
}
