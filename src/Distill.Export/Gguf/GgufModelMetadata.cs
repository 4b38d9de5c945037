using System.Globalization;
using Distill.Models;
using Distill.Weights;

namespace Distill.Export.Gguf;

/// <summary>
/// What a GGUF file says about the model: the general keys, then the architecture's (<see cref="GgufModelConfig"/>).
/// </summary>
internal static class GgufModelMetadata
{
    /// <summary>Version of the block layouts.</summary>
    public const uint QuantizationVersion = 2;

    /// <summary>Appends the keys that describe the model, the general ones first.</summary>
    /// <param name="metadata">Receives the keys.</param>
    /// <param name="config">The model's shape.</param>
    /// <param name="facts">Name, lineage and sampling defaults.</param>
    /// <param name="tensors">The file's tensors, for the size label.</param>
    /// <param name="fileType">Type of the file.</param>
    public static void Append(GgufMetadata metadata, ModelConfig config, ModelFacts facts, IReadOnlyList<PlannedTensor> tensors, GgufFileType fileType)
    {
        metadata.Add("general.architecture", GgufModelConfig.ArchitectureName(config));
        metadata.Add("general.type", "model");
        metadata.Add("general.name", facts.Name);
        metadata.Add("general.size_label", SizeLabel(config, tensors));
        GgufLineage.Append(metadata, facts.Card);
        if (facts.Temperature is { } temperature) metadata.Add("general.sampling.temp", (float)temperature);
        if (facts.TopP is { } topP) metadata.Add("general.sampling.top_p", (float)topP);
        if (facts.TopK is { } topK) metadata.Add("general.sampling.top_k", topK);
        if (facts.MinP is { } minP) metadata.Add("general.sampling.min_p", (float)minP);
        if (facts.RepetitionPenalty is { } penalty and not 1) metadata.Add("general.sampling.penalty_repeat", (float)penalty);
        metadata.Add("general.file_type", (uint)fileType);
        metadata.Add("general.quantization_version", QuantizationVersion);
        GgufModelConfig.Append(metadata, config);
    }

    // Parameters in short; with experts, their number times the parameters on the path through one of them.
    private static string SizeLabel(ModelConfig config, IReadOnlyList<PlannedTensor> tensors)
    {
        long total = tensors.Sum(tensor => tensor.ElementCount);
        if (config.Mixture is not { } mixture) return Rounded(total);
        long inExperts = tensors.Where(tensor => tensor.Name.Contains("_exps.", StringComparison.Ordinal)).Sum(tensor => tensor.ElementCount);
        return $"{mixture.NRoutedExperts}x{Rounded(total - inExperts + (inExperts / mixture.NRoutedExperts))}";
    }

    private static string Rounded(long parameters)
    {
        (double scaled, string unit) = parameters switch
        {
            >= 1_000_000_000_000 => (parameters / 1e12, "T"),
            >= 1_000_000_000 => (parameters / 1e9, "B"),
            >= 1_000_000 => (parameters / 1e6, "M"),
            _ => (parameters / 1e3, "K"),
        };
        return scaled.ToString(scaled < 10 ? "0.0" : "0", CultureInfo.InvariantCulture) + unit;
    }
}
