using Distill.Runs;
using Distill.Weights;

namespace Distill.Inference;

/// <summary>Names a model by its content, so that another set of weights under the same path is another model.</summary>
public static class ModelIdentity
{
    // Hashing hundreds of gigabytes would take longer than opening them: of a large file, the ends and the length stand for the whole.
    private const int EndLength = 4 << 20;

    /// <summary>Name of the file or folder and twelve digits of a hash over the model's files.</summary>
    public static string Of(string path)
    {
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));
        return $"{name}@{Fingerprint.OfTexts([.. FilesOf(path).Select(HashOfEnds)])[..12]}";
    }

    // The weights of an ONNX model lie in a folder of their own, the large ones in a second file.
    private static IEnumerable<string> FilesOf(string path)
    {
        if (File.Exists(path)) return ModelFiles.Of(path);
        string[] folders = [path, Path.Combine(path, "onnx")];
        return folders.Where(Directory.Exists).SelectMany(Directory.EnumerateFiles)
            .Where(file => Path.GetExtension(file) is ".json" or ".jinja" or ".safetensors" or ".onnx" or ".onnx_data" && Path.GetFileName(file) != RunManifest.FileName)
            .Order(StringComparer.Ordinal);
    }

    private static string HashOfEnds(string file)
    {
        using FileStream stream = File.OpenRead(file);
        byte[] ends = new byte[Math.Min(stream.Length, 2 * EndLength)];
        int first = Math.Min(EndLength, ends.Length);
        stream.ReadExactly(ends, 0, first);
        stream.Seek(-(ends.Length - first), SeekOrigin.End);
        stream.ReadExactly(ends, first, ends.Length - first);
        return $"{Path.GetFileName(file)} {stream.Length} {Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(ends))}";
    }
}
