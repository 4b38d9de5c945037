using Distill.Pipelines;
using Distill.Runs;
using Xunit;

namespace Distill.Tests.Pipelines;

public sealed class InputHashesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void AKnownLargeFileIsNotReadAgain()
    {
        string file = Large("model.bin", age: TimeSpan.FromMinutes(1));
        string hash = First(file);
        DateTime changed = File.GetLastWriteTimeUtc(file);
        using (FileStream stream = File.OpenWrite(file)) stream.WriteByte(9); // other content, same size and time: only reading would tell
        File.SetLastWriteTimeUtc(file, changed);

        Assert.Equal(hash, First(file));
    }

    [Fact]
    public void AChangedFileIsReadAgain()
    {
        string file = Large("model.bin", age: TimeSpan.FromMinutes(1));
        string hash = First(file);
        using (FileStream stream = File.OpenWrite(file)) stream.WriteByte(9);
        File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddSeconds(-30));

        Assert.NotEqual(hash, First(file));
        Assert.Equal(Fingerprint.OfFile(file), First(file));
    }

    [Fact]
    public void AFileChangedJustNowIsNotTrustedYet()
    {
        var time = new ManualTime();
        string file = Large("model.bin", age: TimeSpan.Zero);
        File.SetLastWriteTimeUtc(file, time.GetUtcNow().UtcDateTime);

        time.Advance(TimeSpan.FromSeconds(2));
        First(file, time);
        Assert.False(File.Exists(_folder["hashes.json"]));

        time.Advance(TimeSpan.FromSeconds(1));
        First(file, time);
        Assert.True(File.Exists(_folder["hashes.json"]));
    }

    [Fact]
    public void AFolderCountsAsItsFingerprintDefines()
    {
        Large("folder/a.bin", TimeSpan.FromMinutes(1));
        File.WriteAllText(_folder["folder/b.txt"], "b");
        File.WriteAllText(_folder["folder/manifest.json"], "{}");

        Assert.Equal(Fingerprint.OfPath(_folder["folder"]), First(_folder["folder"]));
    }

    [Fact]
    public void ADamagedMemoryIsForgotten()
    {
        File.WriteAllText(_folder["hashes.json"], "{ nonsense");

        Assert.Equal(64, First(Large("model.bin", TimeSpan.FromMinutes(1))).Length);
    }

    private string First(string path, TimeProvider? time = null)
    {
        var hashes = new InputHashes(_folder["hashes.json"], time ?? TimeProvider.System);
        string hash = hashes.Of(path);
        hashes.Save();
        return hash;
    }

    private string Large(string name, TimeSpan age)
    {
        string path = _folder[name];
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, new byte[2 << 20]);
        File.SetLastWriteTimeUtc(path, DateTime.UtcNow - age);
        return path;
    }
}
