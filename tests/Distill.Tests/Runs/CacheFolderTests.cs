using Distill.Runs;
using Xunit;

namespace Distill.Tests.Runs;

public sealed class CacheFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void OursGoesBeforeTheUsers()
    {
        Assert.Equal(_folder["own/tokens"], Of(("DISTILL_CACHE", _folder["own"]), ("XDG_CACHE_HOME", _folder["shared"])));
        Assert.Equal(_folder["shared/distill/tokens"], Of(("XDG_CACHE_HOME", _folder["shared"])));
        Assert.Empty(Directory.EnumerateFiles(_folder.Path, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 }));
    }

    [Fact]
    public void WhereNothingCanBeWrittenAnotherFolderIsTaken()
    {
        File.WriteAllText(_folder["file"], "");
        Assert.Equal("otherwise", Of(("XDG_CACHE_HOME", _folder["file/cache"])));
    }

    private static string Of(params (string Name, string Value)[] variables) => CacheFolder.Of("tokens", "otherwise", name => variables.FirstOrDefault(variable => variable.Name == name).Value);
}
