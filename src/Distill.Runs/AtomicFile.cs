using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Distill.Runs;

/// <summary>
/// Files that exist whole or not at all: written beside their final place, flushed to the disk, then renamed.
/// A crash at any point leaves the old file (or none) under the final name.
/// </summary>
public static class AtomicFile
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    /// <summary>Writes <paramref name="path"/> by <paramref name="write"/>; creates missing folders.</summary>
    /// <exception cref="InputException">The disk is full, or the folder cannot be written.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        string full = Path.GetFullPath(path);
        string partial = PartialOf(full);
        bool isOurs = false; // what another process is writing must not be deleted when this one fails to open it
        Guard(full, () =>
        {
            if (Directory.Exists(full)) throw IsAFolder(path);
            Directory.CreateDirectory(Path.GetDirectoryName(full)!);
            using (var stream = new FileStream(partial, FileMode.Create, FileAccess.ReadWrite, FileShare.None, 1 << 16))
            {
                isOurs = true;
                write(stream);
                stream.Flush();
                DiskFlush.File(stream.SafeFileHandle);
            }
            File.Move(partial, full, overwrite: true);
            DiskFlush.Folder(Path.GetDirectoryName(full)!);
        }, () =>
        {
            if (isOurs) File.Delete(partial);
        });
    }

    /// <summary>Writes text as UTF-8 without a byte order mark.</summary>
    /// <exception cref="InputException">The disk is full, or the folder cannot be written.</exception>
    public static void WriteText(string path, string text) => Write(path, stream => stream.Write(Utf8.GetBytes(text)));

    /// <summary>
    /// Fills a folder by <paramref name="write"/> under a temporary name and renames it to <paramref name="path"/>,
    /// replacing what stood there.
    /// </summary>
    /// <param name="path">The folder.</param>
    /// <param name="write">Fills the folder it is given.</param>
    /// <param name="keepPartial">Whether the folder under the temporary name is left as it is, before and after a failure, for work that goes on in it.</param>
    /// <exception cref="InputException">The disk is full, or the folder cannot be written.</exception>
    public static void WriteFolder(string path, Action<string> write, bool keepPartial = false)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        string partial = PartialOf(full), replaced = full + ".replaced";
        Guard(full, () =>
        {
            if (!keepPartial) DeleteFolder(partial);
            Directory.CreateDirectory(partial);
            write(partial);
            foreach (string file in Directory.EnumerateFiles(partial, "*", SearchOption.AllDirectories)) FlushFile(file);
            DiskFlush.Folder(partial);
            DeleteFolder(replaced);
            if (Directory.Exists(full)) Directory.Move(full, replaced);
            Directory.Move(partial, full);
            DiskFlush.Folder(Path.GetDirectoryName(full)!);
            DeleteFolder(replaced);
        }, keepPartial ? null : () => DeleteFolder(partial));
    }

    /// <summary>The temporary name under which a file or folder is made.</summary>
    public static string PartialOf(string path) => path + ".partial";

    /// <summary>Runs file work and turns what the user can mend (full disk, no permission) into an <see cref="InputException"/>.</summary>
    /// <param name="path">What is being written, for the message.</param>
    /// <param name="work">The work.</param>
    /// <param name="cleanUp">Run after a failure; its own failures are ignored.</param>
    public static void Guard(string path, Action work, Action? cleanUp = null)
    {
        try
        {
            work();
        }
        catch (Exception e)
        {
            try
            {
                cleanUp?.Invoke();
            }
            catch (IOException) { }
            catch (UnauthorizedAccessException) { }
            if (Explain(path, e) is { } explained) throw explained;
            throw;
        }
    }

    /// <summary>The error to show for a failure of the file system that the user can mend, or null for any other exception.</summary>
    /// <param name="path">What was being written.</param>
    /// <param name="e">What was thrown.</param>
    public static InputException? Explain(string path, Exception e) => e switch
    {
        InputException => null,
        IOException when IsDiskFull(e) => new InputException($"{path}: the disk is full", "free some space and run the same command again; nothing already finished is lost", inner: e),
        ArgumentOutOfRangeException when IsTooLarge(e) => new InputException($"{path}: is larger than this disk takes in one file", "choose another disk (FAT32 ends at 4 GB); `export` divides models by `--max-shard-size`", inner: e),
        IOException when IsDiskFailing(e) => new InputException($"{path}: the disk fails (input/output error)", "the system's log says more (dmesg); the same command goes on from what the disk holds, here or in a copy of the folder on another disk", inner: e),
        UnauthorizedAccessException => new InputException($"{path}: cannot be written (permission denied)", "choose another output folder or change its permissions", inner: e),
        IOException when FileInPlaceOfFolder(path) is { } file => new InputException($"{file}: is a file, not a folder", "choose another output folder", inner: e),
        FileNotFoundException { FileName: { } missing } when path.StartsWith(missing, StringComparison.Ordinal) => CannotBeCreated(path, e), // /proc and its like
        DirectoryNotFoundException or PathTooLongException => CannotBeCreated(path, e),
        IOException when (e.HResult & 0xFFFF) is 30 => new InputException($"{path}: the file system is read-only", "choose another output folder", inner: e),
        IOException when IsHeld(e) => new InputException($"{path}: another process is writing it", "wait until it ends, then run the same command again", inner: e),
        _ => null,
    };

    /// <summary>Whether a file could not be opened because another process holds it: ERROR_SHARING_VIOLATION on Windows, EAGAIN elsewhere.</summary>
    internal static bool IsHeld(Exception e) =>
        e is IOException && (e.HResult & 0xFFFF) == (OperatingSystem.IsWindows() ? 32 : OperatingSystem.IsLinux() ? 11 : 35);

    /// <summary>What to say where a file should be written and a folder stands.</summary>
    /// <param name="path">The folder.</param>
    public static InputException IsAFolder(string path) => new($"{path}: is a folder, not a file", "name a file, e.g. one in it");

    private static InputException CannotBeCreated(string path, Exception e) =>
        new($"{path}: cannot be created", "check that every folder of the path can exist", inner: e);

    private static string? FileInPlaceOfFolder(string path)
    {
        string? parent = Path.GetFullPath(path);
        while ((parent = Path.GetDirectoryName(parent)) != null)
            if (File.Exists(parent)) return parent;
        return null;
    }

    // ENOSPC 28 and EDQUOT 122 on Unix; ERROR_DISK_FULL 112 and ERROR_HANDLE_DISK_FULL 39 on Windows.
    private static bool IsDiskFull(Exception e) => (e.HResult & 0xFFFF) is 28 or 122 or 112 or 39;

    // EFBIG, which .NET makes an argument of: its words alone tell it from a mistake of ours.
    private static bool IsTooLarge(Exception e) => e.Message.Contains("too large for the file system", StringComparison.Ordinal);

    // EIO: the disk took the bytes and could not keep them.
    private static bool IsDiskFailing(Exception e) => !OperatingSystem.IsWindows() && (e.HResult & 0xFFFF) is 5;

    private static void DeleteFolder(string path)
    {
        if (Directory.Exists(path)) Directory.Delete(path, recursive: true);
    }

    private static void FlushFile(string path)
    {
        using SafeFileHandle handle = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
        DiskFlush.File(handle);
    }
}
