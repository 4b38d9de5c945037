using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Distill.Runs;

/// <summary>Identity by content: SHA-256, as lower-case hexadecimal.</summary>
public static class Fingerprint
{
    /// <summary>Hash of several texts, kept apart so that ("ab","c") differs from ("a","bc").</summary>
    public static string OfTexts(params ReadOnlySpan<string> texts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> length = stackalloc byte[4];
        foreach (string text in texts)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(text);
            BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
            hash.AppendData(length);
            hash.AppendData(bytes);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Hash of one file's bytes.</summary>
    public static string OfFile(string path)
    {
        using FileStream stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    /// <summary>Hash of what one file or several make up: that of the one, or one over the names and hashes of all, in their order.</summary>
    /// <param name="paths">The files; <paramref name="ofFile"/> may know folders too.</param>
    /// <param name="ofFile">Gives one file's hash, e.g. from a memory of hashes.</param>
    public static string OfFiles(IReadOnlyList<string> paths, Func<string, string> ofFile) =>
        paths is [string only] ? ofFile(only) : OfTexts([.. paths.SelectMany(path => new[] { Path.GetFileName(path), ofFile(path) })]);

    /// <summary>
    /// Hash of a file, or of a folder: the relative names and bytes of its files in ordinal order. Manifests, progress
    /// files and anything hidden are left out: they describe a result and are not part of it.
    /// </summary>
    public static string OfPath(string path) => OfPath(path, OfFile);

    /// <inheritdoc cref="OfPath(string)"/>
    /// <param name="path">The file or folder.</param>
    /// <param name="ofFile">Gives one file's hash, e.g. from a memory of hashes.</param>
    public static string OfPath(string path, Func<string, string> ofFile)
    {
        if (File.Exists(path)) return ofFile(path);
        string[] files = [.. Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(path, file).Replace('\\', '/'))
            .Where(file => !file.Split('/').Any(part => part.StartsWith('.')) && file != RunManifest.FileName)
            .Order(StringComparer.Ordinal)];
        return OfTexts([.. files.SelectMany(file => new[] { file, ofFile(Path.Combine(path, file)) })]);
    }
}
