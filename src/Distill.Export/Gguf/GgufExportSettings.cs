using Distill.Export.Quantization;
using Distill.Models;

namespace Distill.Export.Gguf;

/// <summary>How GGUF files are made, apart from their type.</summary>
internal sealed record GgufExportSettings
{
    /// <summary>Measured importance of each column, or null.</summary>
    public ImportanceMatrix? Importance { get; init; }

    /// <summary>The user's choice of types for single tensors; the first that matches wins.</summary>
    public IReadOnlyList<TensorOverride> Overrides { get; init; } = [];

    /// <summary>Largest size of one file; null for one file of any size.</summary>
    public long? MaxShardBytes { get; init; }

    /// <summary>llama.cpp's name of the pre-tokenizer, where the tokenizer's own way of splitting has none.</summary>
    public string? PreTokenizer { get; init; }

    /// <summary>What the user says of the model's lineage; the rest comes from its own card.</summary>
    public ModelCard Card { get; init; } = new();

    /// <summary>Threads that read, quantise and write.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;
}
