using System.Buffers.Binary;
using System.Text;
using Distill.Training;
using Xunit;

namespace Distill.Tests.Training;

public sealed class TensorBoardEventsTests
{
    // Worked out by hand from event.proto and summary.proto: wall_time 1, step 2, summary 5 { value 1 { tag 1, simple_value 2 } }.
    private const string SecondEvent = "090000000000000000" + "1003" + "2A0B" + "0A09" + "0A02" + "6162" + "15" + "0000003F";

    [Fact]
    public void TheFileHoldsAVersionAndThenTheScalars()
    {
        using var folder = new TemporaryFolder();
        using (var events = new TensorBoardEvents(folder.Path, 0, new Epoch())) events.Write(3, ("ab", 0.5));
        byte[] file = File.ReadAllBytes(folder["events.out.tfevents.000000000.distill"]);

        byte[][] messages = [.. Messages(file)];
        Assert.Contains("brain.Event:2", Encoding.ASCII.GetString(messages[0]), StringComparison.Ordinal);
        Assert.Equal(SecondEvent, Convert.ToHexString(messages[1]));
        Assert.Equal(2, messages.Length);
    }

    [Fact]
    public void FramesCarryTheMaskedChecksumOfTheirLength()
    {
        using var folder = new TemporaryFolder();
        using (var events = new TensorBoardEvents(folder.Path, 0, new Epoch())) { }
        byte[] file = File.ReadAllBytes(folder["events.out.tfevents.000000000.distill"]);
        Assert.Equal(Masked(file.AsSpan(0, 8)), BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(8)));
        Assert.Equal(Masked(file.AsSpan(12, file.Length - 16)), BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(file.Length - 4)));
        Assert.Equal(0xE3069283u, Checksum("123456789"u8)); // the check value of CRC-32C
    }

    private static IEnumerable<byte[]> Messages(byte[] file)
    {
        for (int position = 0; position < file.Length;)
        {
            int length = (int)BinaryPrimitives.ReadInt64LittleEndian(file.AsSpan(position));
            yield return file[(position + 12)..(position + 12 + length)];
            position += 12 + length + 4;
        }
    }

    private static uint Masked(ReadOnlySpan<byte> bytes)
    {
        uint checksum = Checksum(bytes);
        return ((checksum >> 15) | (checksum << 17)) + 0xA282EAD8;
    }

    // Bit by bit, from the polynomial.
    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        uint checksum = uint.MaxValue;
        foreach (byte value in bytes)
        {
            checksum ^= value;
            for (int bit = 0; bit < 8; bit++) checksum = (checksum >> 1) ^ ((checksum & 1) * 0x82F63B78);
        }
        return ~checksum;
    }

    private sealed class Epoch : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch;
    }
}
