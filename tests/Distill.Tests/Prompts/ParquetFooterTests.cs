using Distill.Prompts;
using Distill.Runs;
using Distill.Tests.Traces;
using Distill.Traces;
using Xunit;

namespace Distill.Tests.Prompts;

/// <summary>Damaged files are refused in bounded time and memory, whatever the library would make of them.</summary>
public sealed class ParquetFooterTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void DamagedFootersAreRefusedWithoutBeingBelieved()
    {
        TraceWriter.WritePart(_folder["whole.parquet"], [SampleTraces.Make(1), SampleTraces.Make(2)]);
        byte[] whole = File.ReadAllBytes(_folder["whole.parquet"]);
        int footer = BitConverter.ToInt32(whole, whole.Length - 8);
        var random = new RandomStream(41);
        int refused = 0;
        const int rounds = 2000;
        for (int round = 0; round < rounds; round++)
        {
            byte[] damaged = [.. whole];
            for (int edits = random.Next(1, 4); edits > 0; edits--)
                damaged[damaged.Length - 8 - random.Next(1, footer)] = (byte)(random.Next(0, 2) == 0 ? 0xFF : random.Next(0, 255));
            File.WriteAllBytes(_folder["damaged.parquet"], damaged);
            long before = GC.GetAllocatedBytesForCurrentThread();
            if (!TryOpen(_folder["damaged.parquet"])) refused++;
            Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 64 << 20);
        }
        Assert.InRange(refused, rounds / 4, rounds);
    }

    [Theory]
    [InlineData(new byte[] { 0x29, 0xFC, 0xFF, 0xFF, 0xFF, 0xFF, 0x07, 0x00 })] // a schema of two billion elements
    [InlineData(new byte[] { 0x28, 0x05, 0x00 })] // a schema that is a text
    [InlineData(new byte[] { 0x15, 0x02 })] // no end
    public void ClaimsThatTheBytesCannotHoldAreRefused(byte[] footer)
    {
        File.WriteAllBytes(_folder["t.parquet"], [.. "PAR1"u8, .. footer, .. BitConverter.GetBytes(footer.Length), .. "PAR1"u8]);

        Assert.Contains("the footer is damaged", Assert.Throws<InputException>(() => ParquetTable.Open(_folder["t.parquet"])).Message);
    }

    [Fact]
    public void ASchemaNestedWithoutEndIsRefused()
    {
        // elements of one child each: name "a", one child
        byte[] element = [0x48, 0x01, (byte)'a', 0x15, 0x02, 0x00];
        byte[] footer = [0x15, 0x02, 0x19, 0xFC, 0xA0, 0x8D, 0x06, .. Enumerable.Repeat(element, 100_000).SelectMany(bytes => bytes), 0x00];
        File.WriteAllBytes(_folder["t.parquet"], [.. "PAR1"u8, .. footer, .. BitConverter.GetBytes(footer.Length), .. "PAR1"u8]);

        Assert.Contains("its schema", Assert.Throws<InputException>(() => ParquetTable.Open(_folder["t.parquet"])).Message);
    }

    private static bool TryOpen(string path)
    {
        try
        {
            using ParquetTable table = ParquetTable.Open(path);
            for (int group = 0; group < Math.Min(table.RowGroupCount, 4); group++)
                foreach (string column in table.Columns.Where(column => !table.IsList(column))) table.ReadTexts(group, column);
            return true;
        }
        catch (InputException)
        {
            return false;
        }
    }
}
