using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Distill.Runs;

/// <summary>
/// Makes the names in a folder survive a power cut: a rename is durable only when the folder that holds the name is flushed.
/// .NET opens no folders, so this asks the system itself. Windows has no such call and needs none.
/// </summary>
internal static partial class FolderFlush
{
    private const int ReadOnly = 0;

    /// <summary>Flushes a folder.</summary>
    /// <exception cref="IOException">The system cannot.</exception>
    public static void Flush(string folder)
    {
        if (OperatingSystem.IsWindows()) return;
        int descriptor = Open(folder, ReadOnly);
        if (descriptor < 0) throw Failure(folder);
        try
        {
            // Some file systems (network ones) refuse to flush folders: the rename stays atomic there, only less durable.
            const int invalid = 22, unsupported = 95;
            if (Synchronize(descriptor) < 0 && Marshal.GetLastPInvokeError() is not (invalid or unsupported)) throw Failure(folder);
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    private static IOException Failure(string folder)
    {
        int error = Marshal.GetLastPInvokeError();
        return new IOException($"{folder}: {new Win32Exception(error).Message}", error);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Synchronize(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);
}
