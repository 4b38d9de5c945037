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

    /// <summary>Size of the file.</summary>
    public required long Bytes { get; init; }

    /// <summary>SHA-256 of the file, lower-case hexadecimal.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Bytes of the weights divided by their number, in bits.</summary>
    public required double BitsPerWeight { get; init; }

    /// <summary>Tensors that could not be stored in that type and were stored as F16 instead.</summary>
    public IReadOnlyList<string> FallbackTensors { get; init; } = [];
}
