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

    /// <summary>Size of the file, or of all shards.</summary>
    public required long Bytes { get; init; }

    /// <summary>All shards of the model, like <see cref="Path"/>; empty when it is one file.</summary>
    public IReadOnlyList<string> Shards { get; init; } = [];

    /// <summary>SHA-256 of the (first) file, lower-case hexadecimal.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Bytes of the weights divided by their number, in bits.</summary>
    public required double BitsPerWeight { get; init; }

    /// <summary>Tensors whose rows are no whole blocks of the type they should have, and which got another one.</summary>
    public IReadOnlyList<string> FallbackTensors { get; init; } = [];
}
