namespace Distill.PeerTests.Chat;

/// <summary>
/// Chat templates of many models as llama.cpp collects them for its own tests. Its sources are in the package node-llama-cpp, as a git
/// bundle; nothing of them is kept here.
/// </summary>
internal static class CollectedTemplates
{
    private static readonly Lazy<Task<string>> Folder = new(ExtractAsync);

    /// <summary>Text of a template.</summary>
    /// <param name="name">File name there, without its ending.</param>
    public static async Task<string> ReadAsync(string name) => await File.ReadAllTextAsync(Path.Combine(await Folder.Value, name + ".jinja"));

    private static async Task<string> ExtractAsync()
    {
        string bundle = await NodePeer.PackageFileAsync("node-llama-cpp", "llama", "gitRelease.bundle");
        string clone = Directory.CreateTempSubdirectory("distill-peer-").FullName, folder = Path.Combine(NodePeer.ProjectFolder, "obj", $"templates-{new FileInfo(bundle).Length}");
        if (Directory.Exists(folder)) return folder;
        try
        {
            await NodePeer.StartAsync("git", ["clone", "--quiet", "--no-checkout", bundle, clone], "", TimeSpan.FromMinutes(5));
            await NodePeer.StartAsync("git", ["-C", clone, "checkout", "--quiet", "HEAD", "--", "models/templates"], "", TimeSpan.FromMinutes(5));
            CopyWhole(Path.Combine(clone, "models", "templates"), folder);
            return folder;
        }
        finally
        {
            Directory.Delete(clone, recursive: true);
        }
    }

    // Another process may be at the same: whoever is first.
    private static void CopyWhole(string from, string to)
    {
        string unfinished = Directory.CreateDirectory($"{to}.{Environment.ProcessId}").FullName;
        foreach (string file in Directory.GetFiles(from)) File.Copy(file, Path.Combine(unfinished, Path.GetFileName(file)), overwrite: true);
        try
        {
            Directory.Move(unfinished, to);
        }
        catch (IOException) when (Directory.Exists(to))
        {
            Directory.Delete(unfinished, recursive: true);
        }
    }
}
