using System.Runtime.InteropServices;

namespace Distill.Verification.Sandboxing;

/// <summary>
/// Descriptors that whoever started this process left open. .NET passes none of its own to child processes, but those it would pass on.
/// </summary>
internal static partial class InheritedDescriptors
{
    private const int GetFlags = 1, SetFlags = 2, CloseOnExecute = 1;

    /// <summary>Keeps all but the three standard ones from every program that is started from now on.</summary>
    public static void KeepFromChildren()
    {
        foreach (string entry in Directory.EnumerateFileSystemEntries("/proc/self/fd"))
        {
            if (!int.TryParse(Path.GetFileName(entry), out int descriptor) || descriptor <= 2) continue;
            int flags = Control(descriptor, GetFlags, 0);
            if (flags >= 0) _ = Control(descriptor, SetFlags, flags | CloseOnExecute);
        }
    }

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int Control(int descriptor, int command, int argument);
}
