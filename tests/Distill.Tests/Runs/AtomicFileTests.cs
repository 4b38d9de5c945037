using Distill.Runs;
using Xunit;

namespace Distill.Tests.Runs;

public sealed class AtomicFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void AFailedWriteLeavesTheOldFileAndNothingElse()
    {
        AtomicFile.WriteText(_folder["a.txt"], "old");
        Assert.Throws<InvalidOperationException>(() => AtomicFile.Write(_folder["a.txt"], stream =>
        {
            stream.Write("half of the ne"u8);
            throw new InvalidOperationException();
        }));
        Assert.Equal("old", File.ReadAllText(_folder["a.txt"]));
        Assert.Equal([_folder["a.txt"]], Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void WhatAnotherWritesIsNeitherTouchedNorDeleted()
    {
        AtomicFile.Write(_folder["a.txt"], stream =>
        {
            stream.Write("first"u8);
            InputException refused = Assert.Throws<InputException>(() => AtomicFile.WriteText(_folder["a.txt"], "second"));
            Assert.Equal($"{_folder["a.txt"]}: another process is writing it", refused.Message);
        });
        Assert.Equal("first", File.ReadAllText(_folder["a.txt"]));
    }

    [Fact]
    public void AFolderAppearsWholeInPlaceOfTheOldOne()
    {
        AtomicFile.WriteFolder(_folder["f"], folder => File.WriteAllText(Path.Combine(folder, "old"), ""));
        Assert.Throws<InvalidOperationException>(() => AtomicFile.WriteFolder(_folder["f"], folder =>
        {
            File.WriteAllText(Path.Combine(folder, "new"), "");
            throw new InvalidOperationException();
        }));
        Assert.Equal(["old"], Names());
        AtomicFile.WriteFolder(_folder["f"], folder => File.WriteAllText(Path.Combine(folder, "new"), ""));
        Assert.Equal(["new"], Names());
        Assert.Equal([_folder["f"]], Directory.GetDirectories(_folder.Path));

        IEnumerable<string?> Names() => Directory.GetFiles(_folder["f"]).Select(Path.GetFileName);
    }
}
