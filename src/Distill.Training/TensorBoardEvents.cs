using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using Distill.Runs;

namespace Distill.Training;

/// <summary>
/// An event file that TensorBoard reads: one scalar per value and step. A resumed training opens a file of its own;
/// TensorBoard puts the files of a folder together. Format: TFRecord frames (length, masked CRC-32C, payload, masked
/// CRC-32C) of <c>tensorflow.Event</c> messages (event.proto, summary.proto).
/// </summary>
internal sealed class TensorBoardEvents : IDisposable
{
    // Field number and wire type of the messages' keys in protocol buffers' encoding.
    private const byte WallTime = (1 << 3) | 1, Step = 2 << 3, FileVersion = (3 << 3) | 2, Summary = (5 << 3) | 2, Value = (1 << 3) | 2, Tag = (1 << 3) | 2, SimpleValue = (2 << 3) | 5;

    private readonly FileStream _file;
    private readonly TimeProvider _time;

    /// <summary>Creates the file.</summary>
    /// <param name="folder">Folder that TensorBoard is pointed at.</param>
    /// <param name="firstStep">Step after which this file begins; part of its name.</param>
    /// <param name="time">Gives the wall time of events.</param>
    public TensorBoardEvents(string folder, int firstStep, TimeProvider time)
    {
        _time = time;
        Directory.CreateDirectory(folder);
        _file = new FileStream(Path.Combine(folder, $"events.out.tfevents.{firstStep:D9}.distill"), FileMode.Create, FileAccess.Write, FileShare.Read);
        Append([.. Head(0), FileVersion, .. Prefixed("brain.Event:2"u8)]);
    }

    /// <summary>Adds scalars of one step.</summary>
    public void Write(int step, params ReadOnlySpan<(string Tag, double Value)> scalars)
    {
        var values = new List<byte>();
        Span<byte> number = stackalloc byte[sizeof(float)];
        foreach ((string tag, double value) in scalars)
        {
            BinaryPrimitives.WriteSingleLittleEndian(number, (float)value);
            values.Add(Value);
            values.AddRange(Prefixed([Tag, .. Prefixed(Encoding.UTF8.GetBytes(tag)), SimpleValue, .. number]));
        }
        AtomicFile.Guard(_file.Name, () => Append([.. Head(step), Summary, .. Prefixed(values.ToArray())]));
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private byte[] Head(int step)
    {
        byte[] wallTime = new byte[sizeof(double)];
        BinaryPrimitives.WriteDoubleLittleEndian(wallTime, _time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0);
        return [WallTime, .. wallTime, Step, .. VariableLength((ulong)step)];
    }

    private void Append(byte[] message)
    {
        byte[] frame = new byte[12 + message.Length + 4];
        BinaryPrimitives.WriteInt64LittleEndian(frame, message.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(8), MaskedChecksum(frame.AsSpan(0, 8)));
        message.CopyTo(frame, 12);
        BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(12 + message.Length), MaskedChecksum(message));
        _file.Write(frame);
        _file.Flush();
    }

    private static byte[] Prefixed(ReadOnlySpan<byte> bytes) => [.. VariableLength((ulong)bytes.Length), .. bytes];

    private static byte[] VariableLength(ulong value)
    {
        var bytes = new List<byte>();
        for (; value >= 0x80; value >>= 7) bytes.Add((byte)(value | 0x80));
        bytes.Add((byte)value);
        return [.. bytes];
    }

    private static uint MaskedChecksum(ReadOnlySpan<byte> bytes)
    {
        uint checksum = uint.MaxValue;
        foreach (byte value in bytes) checksum = BitOperations.Crc32C(checksum, value);
        checksum = ~checksum;
        return BitOperations.RotateRight(checksum, 15) + 0xA282EAD8;
    }
}
