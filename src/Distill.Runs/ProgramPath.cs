namespace Distill.Runs;

/// <summary>Finds programs as a shell does.</summary>
public static class ProgramPath
{
    /// <summary>Full path of the first program of that name in the folders of <c>PATH</c>, or null when none has it.</summary>
    public static string? Find(string name) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Where(folder => folder.Length > 0).Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
}
