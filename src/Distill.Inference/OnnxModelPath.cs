using Distill.Runs;
using Distill.Weights;

namespace Distill.Inference;

/// <summary>Where the parts of an exported ONNX model are.</summary>
/// <param name="ModelFile">The <c>.onnx</c> file.</param>
/// <param name="Folder">The folder that holds tokenizer and configuration.</param>
public sealed record OnnxModelPath(string ModelFile, string Folder)
{
    /// <summary>Finds the model in what a user names: an <c>.onnx</c> file, or a folder with one (<see cref="ModelFiles.FindOnnx"/>).</summary>
    /// <returns>The parts, or null when there is no ONNX model.</returns>
    public static OnnxModelPath? Find(string path)
    {
        if (Directory.Exists(path)) return ModelFiles.FindOnnx(path) is { } file ? new(file, path) : null;
        if (!path.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase) || !File.Exists(path)) return null;
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        bool beside = File.Exists(Path.Combine(folder, "tokenizer.json"));
        return new(path, beside ? folder : Path.GetDirectoryName(folder) ?? folder);
    }

    /// <summary>As <see cref="Find"/>, for a path that must be a model.</summary>
    /// <exception cref="InputException">There is no ONNX model.</exception>
    public static OnnxModelPath Of(string path) => Find(path)
        ?? throw new InputException($"{path}: holds no ONNX model", "give an .onnx file, or the folder that holds onnx/model.onnx");
}
