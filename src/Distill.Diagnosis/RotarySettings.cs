using System.Globalization;
using System.Text.Json.Nodes;

namespace Distill.Diagnosis;

/// <summary>How positions turn queries and keys, as a file states it.</summary>
/// <param name="Theta">Base of the frequencies; null when the file is silent, and every reader takes 10000.</param>
/// <param name="Scaling"><c>none</c>, <c>linear</c>, <c>yarn</c>, <c>llama3</c>, or another name.</param>
/// <param name="Factor">Factor of the scaling.</param>
/// <param name="OriginalContext">Context length that the scaling starts from.</param>
internal sealed record RotarySettings(double? Theta, string Scaling, double? Factor, int? OriginalContext)
{
    private const double DefaultTheta = 10000;

    /// <summary>The further settings of YaRN, where that is the scaling and its factor is known.</summary>
    public YarnNumbers? Yarn { get; init; }

    /// <summary>Whether queries and keys turn alike. GGUF keeps numbers in single precision.</summary>
    public bool Agrees(RotarySettings other) => SameTheta(other) && SameScaling(other) && (Yarn is null || other.Yarn is null || Yarn.Agrees(other.Yarn));

    /// <summary>Whether positions are stretched alike.</summary>
    public bool SameScaling(RotarySettings other) => Scaling == other.Scaling && Same(Factor, other.Factor) && Same(OriginalContext, other.OriginalContext);

    /// <summary>Whether the base is the same.</summary>
    public bool SameTheta(RotarySettings other) => (float)(Theta ?? DefaultTheta) == (float)(other.Theta ?? DefaultTheta);

    /// <summary>As config.json states it, in the old style (<c>rope_theta</c>, <c>rope_scaling</c>).</summary>
    public static RotarySettings? OfOldStyle(JsonObject config) =>
        config["rope_theta"] is null && config["rope_scaling"] is not JsonObject ? null : Of(config, config["rope_scaling"] as JsonObject, Number(config["rope_theta"]));

    /// <summary>As config.json states it, in the style of transformers 5 (<c>rope_parameters</c>).</summary>
    public static RotarySettings? OfNewStyle(JsonObject config) =>
        config["rope_parameters"] is JsonObject parameters ? Of(config, parameters, Number(parameters["rope_theta"]) ?? Number(config["rope_theta"])) : null;

    /// <summary>As a GGUF file states it. Llama 3's scaling has no key there: it is a tensor of factors.</summary>
    public static RotarySettings OfGguf(GgufCopy file)
    {
        string scaling = file.Text("rope.scaling.type") ?? "none";
        if (file.Tensors.Contains("rope_freqs.weight")) return new(file.Number("rope.freq_base"), "llama3", null, null);
        if (scaling != "yarn") return new(file.Number("rope.freq_base"), scaling, scaling == "none" ? null : file.Number("rope.scaling.factor"), null);
        int? context = (int?)(file.Number("rope.scaling.original_context_length") ?? file.Number("context_length"));
        double? factor = file.Number("rope.scaling.factor");
        return new(file.Number("rope.freq_base"), scaling, factor, context) { Yarn = factor is { } known ? YarnNumbers.OfGguf(file, known, context ?? 1) : null };
    }

    /// <summary>What a GGUF file of this model has to say: Llama 3's numbers are inside the factors.</summary>
    public RotarySettings InGguf() => Scaling == "llama3" ? this with { Factor = null, OriginalContext = null } : this;

    /// <inheritdoc/>
    public override string ToString()
    {
        string theta = Theta is { } value ? value.ToString(CultureInfo.InvariantCulture) : $"none (so {DefaultTheta})";
        return Scaling == "none" ? $"base {theta}, no scaling" : string.Create(CultureInfo.InvariantCulture, $"base {theta}, scaling {Scaling}{(Factor is { } factor ? $" by {factor}" : "")}{(OriginalContext is { } context ? $" from {context} positions" : "")}{(Yarn is null ? "" : $", {Yarn}")}");
    }

    // YaRN without an original context starts from the whole one, without a factor from what both contexts give; linear scaling starts from none.
    private static RotarySettings Of(JsonObject config, JsonObject? scaling, double? theta)
    {
        string kind = (scaling?["rope_type"] ?? scaling?["type"]) is JsonValue value && value.TryGetValue(out string? text) ? text : "default";
        if (kind is "default" or "none") return new(theta, "none", null, null);
        double? factor = Number(scaling!["factor"]), original = Number(scaling["original_max_position_embeddings"]), whole = Number(config["max_position_embeddings"]);
        if (kind != "yarn") return new(theta, kind, factor, kind == "linear" ? null : (int?)original);
        if (original > 0) factor ??= whole / original;
        int? context = (int?)(original ?? whole);
        return new(theta, kind, factor, context) { Yarn = factor is { } known ? YarnNumbers.OfConfig(config, scaling, known, context ?? 1) : null };
    }

    private static bool Same(double? left, double? right) => left is null == right is null && (left is null || (float)left == (float)right!);

    /// <summary>A number of JSON, or null when it is none or beyond all sense.</summary>
    public static double? Number(JsonNode? node) => node is JsonValue value && value.TryGetValue(out double number) && Math.Abs(number) < int.MaxValue ? number : null;
}
