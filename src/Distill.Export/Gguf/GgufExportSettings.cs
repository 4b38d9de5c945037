using Distill.Export.Quantization;

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

    /// <summary>Threads that read, quantise and write.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;
}
