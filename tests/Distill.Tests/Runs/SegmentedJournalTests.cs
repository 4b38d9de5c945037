using System.Text;
using Distill.Runs;
using Xunit;

namespace Distill.Tests.Runs;

public sealed class SegmentedJournalTests : IDisposable
{
    private static readonly JournalOptions Small = new() { SegmentBytes = 300 };

    private readonly TemporaryFolder _folder = new();

    private string Folder => _folder["journal"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void ReadsBackHeadsAndBodiesOverManySegmentsAndOpenings()
    {
        List<long> positions = [.. Write(40)];
        using var again = SegmentedJournal.Open(Folder, Small);
        Assert.True(Directory.GetFiles(Folder, "*.wal").Length > 3);
        Assert.Equal(positions, again.Entries().Select(entry => entry.Position));
        Assert.Equal(Enumerable.Range(0, 40).Select(i => $"head {i}"), again.Entries().Select(entry => Text(entry.Head)));
        for (int i = 0; i < 40; i++) Assert.Equal(($"head {i}", $"the body of {i}"), (Text(again.Read(positions[i]).Head), Text(again.Read(positions[i]).Body)));
        long next = again.Append("head 40"u8, "the body of 40"u8);
        Assert.Equal("the body of 40", Text(again.Read(next).Body));
    }

    [Fact]
    public void AnIndexThatIsMissingOrDamagedIsMadeAgain()
    {
        Write(40);
        string[] indexes = [.. Directory.GetFiles(Folder, "*.index").Order()];
        File.Delete(indexes[0]);
        byte[] bytes = File.ReadAllBytes(indexes[1]);
        for (int at = 0; at < bytes.Length; at++)
        {
            byte[] damaged = [.. bytes];
            damaged[at] ^= 1;
            File.WriteAllBytes(indexes[1], damaged);
            using var again = SegmentedJournal.Open(Folder, Small);
            Assert.Equal(40, again.Entries().Count());
            Assert.Equal(bytes, File.ReadAllBytes(indexes[1]));
        }
        Assert.True(File.Exists(indexes[0]));
    }

    [Fact]
    public void TheLastRecordMayBeTornAtEveryByteAndNoOther()
    {
        Write(40);
        string last = Directory.GetFiles(Folder, "*.wal").Order().Last();
        byte[] bytes = File.ReadAllBytes(last);
        using (var journal = SegmentedJournal.Open(Folder, Small)) journal.Append("head 40"u8, "the record that a crash tears"u8);
        byte[] longer = File.ReadAllBytes(last);
        for (int length = bytes.Length; length < longer.Length; length++)
        {
            File.WriteAllBytes(last, longer[..length]);
            using var journal = SegmentedJournal.Open(Folder, Small);
            Assert.Equal(40, journal.Entries().Count());
            Assert.Empty(journal.Notes);
        }
    }

    [Fact]
    public void DamageInAFullSegmentIsAnErrorThatNamesTheByte()
    {
        long[] positions = [.. Write(40)];
        string first = Path.Combine(Folder, "000000.wal");
        byte[] bytes = File.ReadAllBytes(first);
        bytes[30] ^= 1; // in the body of record 0
        File.WriteAllBytes(first, bytes);
        using (var journal = SegmentedJournal.Open(Folder, Small)) // the index still tells what is there
        {
            Assert.Equal(40, journal.Entries().Count());
            Assert.Contains("000000.wal: the record at byte 8 is damaged", Assert.Throws<InputException>(() => journal.Read(positions[0])).Message, StringComparison.Ordinal);
            Assert.Equal("the body of 1", Text(journal.Read(positions[1]).Body));
        }
        File.Delete(Path.Combine(Folder, "000000.index"));
        using var again = SegmentedJournal.Open(Folder, Small);
        Assert.Contains("byte 8", Assert.Throws<InputException>(() => again.Entries().Count()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void OneWriterAndAnyNumberOfReaders()
    {
        using var writer = SegmentedJournal.Open(Folder, Small);
        for (int i = 0; i < 12; i++) writer.Append("head"u8, new byte[40]);
        Assert.Contains("another distill process", Assert.Throws<InputException>(() => SegmentedJournal.Open(Folder)).Message, StringComparison.Ordinal);
        using var reader = SegmentedJournal.OpenRead(Folder);
        JournalEntry[] seen = [.. reader.Entries()]; // those of the full segments
        Assert.InRange(seen.Length, 6, 11);
        Assert.Equal(40, reader.Read(seen[0].Position).Body.Length);
        Assert.Throws<InvalidOperationException>(() => reader.Append("head"u8, []));
    }

    private IEnumerable<long> Write(int count)
    {
        using var journal = SegmentedJournal.Open(Folder, Small);
        return [.. Enumerable.Range(0, count).Select(i => journal.Append(Encoding.UTF8.GetBytes($"head {i}"), Encoding.UTF8.GetBytes($"the body of {i}")))];
    }

    private static string Text(ReadOnlyMemory<byte> bytes) => Encoding.UTF8.GetString(bytes.Span);
}
