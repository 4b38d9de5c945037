using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Distill.Runs;

/// <summary>
/// Makes bytes and names survive a power cut, and says so when the disk cannot. .NET's own <c>RandomAccess.FlushToDisk</c> is silent
/// about what <c>fsync</c> refuses on Linux (seen with input/output errors injected into .NET 10.0.12), and it opens no folders: so
/// this asks the system itself.
/// </summary>
internal static partial class DiskFlush
{
    private const int ReadOnly = 0, Interrupted = 4, Invalid = 22, Unsupported = 95;

    /// <summary>Flushes what was written to a file.</summary>
    /// <exception cref="IOException">The disk could not keep it.</exception>
    public static void File(SafeFileHandle file)
    {
        if (!OperatingSystem.IsLinux())
        {
#pragma warning disable RS0030 // elsewhere it tells what fails; on a Mac it also empties the disk's own cache
            RandomAccess.FlushToDisk(file);
#pragma warning restore RS0030
            return;
        }
        bool held = false;
        try
        {
            file.DangerousAddRef(ref held);
            Flush((int)file.DangerousGetHandle(), "the file");
        }
        finally
        {
            if (held) file.DangerousRelease();
        }
    }

    /// <summary>Flushes the names in a folder: a rename is durable only then. Windows has no such call and needs none.</summary>
    /// <exception cref="IOException">The system cannot.</exception>
    public static void Folder(string folder)
    {
        if (OperatingSystem.IsWindows()) return;
        int descriptor = Open(folder, ReadOnly);
        if (descriptor < 0) throw Failure(folder);
        try
        {
            Flush(descriptor, folder);
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    private static void Flush(int descriptor, string name)
    {
        while (Synchronize(descriptor) < 0)
        {
            // Special files, and folders of some network file systems, refuse: a rename stays atomic there, only less durable.
            if (Marshal.GetLastPInvokeError() is Invalid or Unsupported) return;
            if (Marshal.GetLastPInvokeError() is not Interrupted) throw Failure(name);
        }
    }

    private static IOException Failure(string name)
    {
        int error = Marshal.GetLastPInvokeError();
        return new IOException($"{name}: {new Win32Exception(error).Message}", error);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Synchronize(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);
}
