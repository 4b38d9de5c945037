using System.Globalization;

namespace Distill.Verification.Sandboxing;

/// <summary>
/// Memory that a process and everything below it hold. Processes in a PID namespace never leave their tree: orphans become children of the
/// namespace's init.
/// </summary>
internal static class ProcessMemory
{
    private const int MostProcesses = 4096;

    /// <summary>Bytes that the tree below <paramref name="root"/> holds and that no file backs.</summary>
    public static long BytesOfTree(int root)
    {
        long bytes = 0;
        var pending = new Stack<int>([root]);
        for (int seen = 0; seen < MostProcesses && pending.TryPop(out int process); seen++)
        {
            bytes += BytesOf(process);
            foreach (int child in Children(process)) pending.Push(child);
        }
        return bytes;
    }

    private static long BytesOf(int process) => ReadText($"/proc/{process}/status").Split('\n')
        .Where(line => line.StartsWith("RssAnon:", StringComparison.Ordinal) || line.StartsWith("RssShmem:", StringComparison.Ordinal))
        .Sum(line => long.Parse(line.Split(':')[1].Replace("kB", "", StringComparison.Ordinal), NumberStyles.Integer, CultureInfo.InvariantCulture) * 1024);

    // A thread's children are listed under the thread.
    private static IEnumerable<int> Children(int process)
    {
        string[] threads;
        try
        {
            threads = Directory.GetDirectories($"/proc/{process}/task");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
        return threads.SelectMany(thread => ReadText(thread + "/children").Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Select(text => int.Parse(text, CultureInfo.InvariantCulture));
    }

    private static string ReadText(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return ""; // it ended meanwhile
        }
    }
}
