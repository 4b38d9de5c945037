namespace Distill.Runs;

/// <summary>
/// Keeps a second process out of a folder. The system drops the lock when the holder ends, however it ends.
/// </summary>
public sealed class FolderLock : IDisposable
{
    /// <summary>Name of the lock file; hidden, so never part of a result.</summary>
    public const string FileName = ".lock";

    private readonly FileStream _file;

    private FolderLock(FileStream file) => _file = file;

    /// <summary>Locks the folder, which is made when it is missing.</summary>
    /// <exception cref="InputException">Another process holds it, or it cannot be written.</exception>
    public static FolderLock Take(string folder)
    {
        FileStream? file = null;
        AtomicFile.Guard(folder, () =>
        {
            if (File.Exists(folder)) throw new InputException($"{folder}: is a file, not a folder", "choose another folder");
            Directory.CreateDirectory(folder);
            string path = Path.Combine(folder, FileName);
            try
            {
                file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException e) when (AtomicFile.IsHeld(e))
            {
                throw new InputException($"{folder}: another distill process is working here",
                    "wait until it ends, or choose another folder with `--out`", inner: e);
            }
        });
        return new FolderLock(file!);
    }

    /// <summary>Lets others in. The file stays: deleting it could let two in at once.</summary>
    public void Dispose() => _file.Dispose();
}
