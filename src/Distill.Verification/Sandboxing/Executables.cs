namespace Distill.Verification.Sandboxing;

/// <summary>Finds programs of the machine.</summary>
internal static class Executables
{
    private static readonly string[] SystemFolders = ["/usr/bin", "/bin", "/usr/local/bin", "/usr/sbin", "/sbin"];

    /// <summary>Full path of a program, from the system's folders first and then from <c>PATH</c>; null when it is not there.</summary>
    public static string? Find(string name) => FindAll(name).FirstOrDefault();

    /// <summary>Every place where a program of that name stands, the system's own first.</summary>
    public static IEnumerable<string> FindAll(string name) => SystemFolders
        .Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
        .Where(Path.IsPathRooted)
        .Select(folder => Path.Combine(folder, name))
        .Distinct()
        .Where(File.Exists);
}
