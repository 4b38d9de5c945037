using Distill.Models;
using Distill.Runs;

namespace Distill.Serving;

/// <summary>Finds out what a model takes in memory.</summary>
public static class ServedModels
{
    /// <summary>The model that is served unless another is named.</summary>
    public const string Default = "deepseek-ai/DeepSeek-R1";

    // All of one shape and format.
    private static readonly string[] OfR1 = [Default, "deepseek-ai/DeepSeek-R1-0528", "deepseek-ai/DeepSeek-R1-Zero", "deepseek-ai/DeepSeek-V3", "deepseek-ai/DeepSeek-V3-0324"];

    /// <summary>The shape of a model folder or of a known name on the Hugging Face Hub; null when the name is not known here.</summary>
    /// <exception cref="InputException">The folder's <c>config.json</c> cannot be used.</exception>
    public static ServedShape? Find(string model)
    {
        if (OfR1.Contains(model, StringComparer.OrdinalIgnoreCase)) return ServedShape.R1 with { Name = NameOf(model) };
        if (!Directory.Exists(model)) return null;
        ModelConfig config = ModelConfigFile.Load(model);
        bool isFloat8 = JsonFile.Read(Path.Combine(model, ModelConfigFile.FileName))?["quantization_config"]?["quant_method"]?.ToString() == "fp8";
        return ServedShape.Of(NameOf(model), config, isFloat8);
    }

    /// <summary>Name to serve a model under: the last part of its path or of its name on the hub.</summary>
    public static string NameOf(string model) => Path.GetFileName(Path.TrimEndingDirectorySeparator(model)) is { Length: > 0 } name ? name : model;
}
