using Distill.Export.Quantization;
using Distill.Runs;
using Distill.Weights;

namespace Distill.Export.Gguf;

/// <summary>A model that can be written as GGUF: its tensors under GGUF's names, and its metadata.</summary>
internal abstract class GgufModelSource : IDisposable
{
    /// <summary>Where the weights come from, for messages.</summary>
    public abstract string Path { get; }

    /// <summary>The tensors, in the order of the file.</summary>
    public abstract IReadOnlyList<PlannedTensor> Tensors { get; }

    /// <summary>What the mixture of types depends on.</summary>
    public abstract MixtureModel Mixture { get; }

    /// <summary>Weights of the model.</summary>
    public abstract long Parameters { get; }

    /// <summary>Opens a model folder in Hugging Face's layout, or a GGUF file that is not quantised.</summary>
    /// <param name="path">Folder or file.</param>
    /// <param name="name">Display name of the model.</param>
    /// <param name="settings">Settings, for pre-tokenizer and lineage.</param>
    /// <exception cref="InputException">The model is damaged, or cannot be expressed as GGUF.</exception>
    public static GgufModelSource Open(string path, string name, GgufExportSettings settings) =>
        IsGguf(path) ? GgufFileSource.Open(path, settings) : CheckpointSource.OpenFolder(path, name, settings);

    /// <summary>Whether a path names a GGUF file rather than a model folder.</summary>
    public static bool IsGguf(string path) => path.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase) && !Directory.Exists(path);

    /// <summary>The head of a file of that type, without what an imatrix adds.</summary>
    public abstract GgufMetadata Metadata(GgufFileType type);

    /// <inheritdoc/>
    public abstract void Dispose();
}
