using System.Text;
using Distill.Runs;
using Xunit;

namespace Distill.Tests.Runs;

public sealed class JournalTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("distill-journal-").FullName;

    private string File => Path.Combine(_folder, "run", ".journal");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void ReadsBackWhatWasAppendedAcrossOpenings()
    {
        byte[][] records = [[1], Encoding.UTF8.GetBytes("second, äöü"), new byte[100_000]];
        long[] offsets;
        using (var journal = Journal.Open(File)) offsets = [.. records.Select(record => journal.Append(record))];

        using var again = Journal.Open(File);
        Assert.Equal(3, again.Count);
        Assert.Equal(0, again.TornBytes);
        Assert.Null(again.Damage);
        Assert.Equal(records, again.ReadAll().Select(entry => entry.Record));
        Assert.Equal(offsets, again.ReadAll().Select(entry => entry.Offset));
        Assert.Equal(records[1], again.Read(offsets[1]));
        Assert.Throws<InvalidDataException>(() => again.Read(offsets[1] + 1));
    }

    [Fact]
    public void BeginsAnewWhenItWasWrittenForOtherSettings()
    {
        using (var journal = Journal.OpenFor(File, "{ verifier: math/4 }")) journal.Append("a verdict"u8);
        using (var same = Journal.OpenFor(File, "{ verifier: math/4 }")) Assert.Equal(2, same.Count);
        using (var other = Journal.OpenFor(File, "{ verifier: math/5 }")) Assert.Equal(1, other.Count);
        using var first = Journal.OpenFor(File, "{ verifier: math/4 }");
        Assert.Equal(1, first.Count);
    }

    [Fact]
    public void CutsAHalfWrittenRecordAtEveryByte()
    {
        using (var journal = Journal.Open(File))
        {
            journal.Append("kept one"u8);
            journal.Append("kept two"u8);
        }
        long whole = new FileInfo(File).Length;
        using (var journal = Journal.Open(File)) journal.Append("the record that a crash tears"u8);
        byte[] bytes = System.IO.File.ReadAllBytes(File);

        for (long length = whole; length < bytes.Length; length++)
        {
            System.IO.File.WriteAllBytes(File, bytes[..(int)length]);
            using (var journal = Journal.Open(File))
            {
                Assert.Equal(length - whole, journal.TornBytes);
                Assert.Null(journal.Damage);
                Assert.Equal(2, journal.Count);
                journal.Append("after the crash"u8);
            }
            using var again = Journal.Open(File);
            Assert.Equal(["kept one", "kept two", "after the crash"], again.ReadAll().Select(entry => Encoding.UTF8.GetString(entry.Record)));
        }
    }

    [Fact]
    public void ATailOfZerosIsTorn()
    {
        using (var journal = Journal.Open(File)) journal.Append("kept"u8);
        using (FileStream stream = System.IO.File.OpenWrite(File)) stream.SetLength(stream.Length + 5000);

        using var again = Journal.Open(File);
        Assert.Equal(5000, again.TornBytes);
        Assert.Equal(1, again.Count);
    }

    [Fact]
    public void DamageInTheMiddleKeepsWhatIsBeforeAndSetsTheRestAside()
    {
        var offsets = new List<long>();
        using (var journal = Journal.Open(File))
            for (int i = 0; i < 20; i++) offsets.Add(journal.Append(Encoding.UTF8.GetBytes($"record {i}")));
        byte[] bytes = System.IO.File.ReadAllBytes(File);

        // every byte of record 7: length, checksum and payload
        for (long at = offsets[7]; at < offsets[8]; at++)
        {
            byte[] damaged = [.. bytes];
            damaged[at] ^= 0x40;
            System.IO.File.WriteAllBytes(File, damaged);

            using var journal = Journal.Open(File);
            Assert.Equal(7, journal.Count);
            Assert.Equal(0, journal.TornBytes);
            Assert.NotNull(journal.Damage);
            Assert.Equal(offsets[7], journal.Damage.Offset);
            Assert.Equal(damaged[(int)offsets[7]..], System.IO.File.ReadAllBytes(journal.Damage.SetAside));
            Assert.Equal("record 6", Encoding.UTF8.GetString(journal.ReadAll().Last().Record));
        }
    }

    [Fact]
    public void RefusesASecondWriter()
    {
        using var first = Journal.Open(File);
        var e = Assert.Throws<InputException>(() => Journal.Open(File));
        Assert.Contains("another process", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void RefusesAFileThatIsNoJournalAndLeavesItAlone()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(File)!);
        System.IO.File.WriteAllText(File, "notes of somebody");
        Assert.Throws<InputException>(() => Journal.Open(File));
        Assert.Equal("notes of somebody", System.IO.File.ReadAllText(File));
    }

    [Fact]
    public void RefusesEmptyRecords()
    {
        using var journal = Journal.Open(File);
        Assert.Throws<ArgumentException>(() => journal.Append([]));
    }

    [Fact]
    public void SaysThatTheDiskIsFull()
    {
        // /dev/full is Linux's file that refuses every write with "no space left"
        Assert.SkipUnless(System.IO.File.Exists("/dev/full"), "needs /dev/full");
        Directory.CreateDirectory(Path.GetDirectoryName(File)!);
        System.IO.File.CreateSymbolicLink(File, "/dev/full");
        var e = Assert.Throws<InputException>(() => Journal.Open(File));
        Assert.Contains("disk is full", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AfterADiskThatFailsNothingIsTakenAndWhatWasConfirmedIsThere()
    {
        int flushes = 0;
        var options = new JournalOptions { FlushEveryRecords = 4, FlushEvery = TimeSpan.FromHours(1), FlushToDisk = _ => { if (++flushes == 3) throw new IOException("Input/output error", 5); } };
        using (var journal = Journal.Open(File, options))
        {
            for (byte i = 1; i < 8; i++) journal.Append([i]);
            InputException failed = Assert.Throws<InputException>(() => journal.Append([8]));
            Assert.Contains("the disk fails", failed.Message, StringComparison.Ordinal);
            // A second flush would succeed although the first one's bytes are gone: none is tried.
            Assert.Contains("an earlier write failed", Assert.Throws<InputException>(() => journal.Append([9])).Message, StringComparison.Ordinal);
            Assert.Throws<InputException>(journal.Flush);
        }
        Assert.Equal(3, flushes); // opening it was the first
        using var again = Journal.Open(File);
        Assert.Equal([1, 2, 3, 4], again.ReadAll().Take(4).Select(entry => entry.Record[0]));
        Assert.DoesNotContain(again.ReadAll(), entry => entry.Record[0] == 9);
    }

    [Fact]
    public void AFlushThatFailsInSilenceIsToldByTheNextCall()
    {
        bool failing = false;
        var time = new ManualTime();
        var options = new JournalOptions { Time = time, FlushToDisk = _ => { if (failing) throw new IOException("Input/output error", 5); } };
        using var journal = Journal.Open(File, options);
        failing = true;
        journal.Append([1]);
        time.Advance(options.FlushEvery);

        Assert.Contains("an earlier write failed", Assert.Throws<InputException>(() => journal.Append([2])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ManyThreadsAppendWholeRecords()
    {
        using (var journal = Journal.Open(File, new JournalOptions { FlushEveryRecords = 64 }))
            Parallel.For(0, 2000, i => journal.Append(Encoding.UTF8.GetBytes(new string((char)('a' + i % 26), 1 + i % 300))));

        using var again = Journal.Open(File);
        Assert.Equal(2000, again.Count);
        Assert.All(again.ReadAll(), entry => Assert.Single(entry.Record.Distinct()));
    }
}
