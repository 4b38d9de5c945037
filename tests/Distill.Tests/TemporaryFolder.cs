namespace Distill.Tests;

/// <summary>A folder of its own for one test, deleted at the end.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    /// <summary>Makes the folder.</summary>
    /// <param name="inMemory">Whether it may lie in memory, where flushing costs nothing: for tests that start hundreds of runs.</param>
    public TemporaryFolder(bool inMemory = false)
    {
        const string memory = "/dev/shm";
        Path = inMemory && Directory.Exists(memory)
            ? Directory.CreateDirectory(System.IO.Path.Combine(memory, "distill-test-" + Guid.NewGuid().ToString("N"))).FullName
            : Directory.CreateTempSubdirectory("distill-test-").FullName;
    }

    public string Path { get; }

    public string this[string name] => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
