namespace Distill.Diagnosis;

/// <summary>What the doctor is to look at.</summary>
public sealed record Examination
{
    /// <summary>Model folder in Hugging Face's layout.</summary>
    public required string Model { get; init; }

    /// <summary>Whether the folder is only a tokenizer's, for a model that is yet to be made.</summary>
    public bool TokenizerOnly { get; init; }

    /// <summary>The teacher's folder; its tokenizer and template are enough.</summary>
    public string? Teacher { get; init; }

    /// <summary>GGUF files that were made from the model.</summary>
    public IReadOnlyList<string> Gguf { get; init; } = [];

    /// <summary>ONNX folders or files that were made from the model.</summary>
    public IReadOnlyList<string> Onnx { get; init; } = [];
}
