using Distill.Runs;

namespace Distill.Export;

/// <summary>One exported model, as <c>artifact.json</c> lists it.</summary>
public sealed record ArtifactFile
{
    /// <summary>Path below the output folder, with forward slashes.</summary>
    public required string Path { get; init; }

    /// <summary><c>gguf</c> or <c>onnx</c>.</summary>
    public required string Format { get; init; }

    /// <summary>Quantization type or precision, e.g. <c>Q8_0</c>, <c>fp32</c>.</summary>
    public required string Type { get; init; }

    /// <summary>Size of the file, or of all parts.</summary>
    public required long Bytes { get; init; }

    /// <summary>The files of a model in several: all shards of a GGUF, or an ONNX graph and its weights; empty when it is one file.</summary>
    public IReadOnlyList<ArtifactPart> Parts { get; init; } = [];

    /// <summary>
    /// SHA-256 of the file, lower-case hexadecimal. Of several, <see cref="Fingerprint.OfFiles"/> over all parts: the same that a
    /// pipeline notes for an input with this path.
    /// </summary>
    public required string Sha256 { get; init; }

    /// <summary>Bytes of the weights divided by their number, in bits.</summary>
    public required double BitsPerWeight { get; init; }

    /// <summary>Tensors whose rows are no whole blocks of the type they should have, and which got another one.</summary>
    public IReadOnlyList<string> FallbackTensors { get; init; } = [];
}

/// <summary>One file of a model in several.</summary>
/// <param name="Path">Path below the output folder, with forward slashes.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Sha256">SHA-256 of its bytes, lower-case hexadecimal.</param>
public sealed record ArtifactPart(string Path, long Bytes, string Sha256);
