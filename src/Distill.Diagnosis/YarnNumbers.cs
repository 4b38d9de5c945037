using System.Globalization;
using System.Text.Json.Nodes;
using Distill.Models;

namespace Distill.Diagnosis;

/// <summary>
/// What YaRN does to attention besides stretching positions, worked out as the model does, whichever keys of a file it comes from:
/// <c>mscale</c>, <c>mscale_all_dim</c> and <c>attention_factor</c> of config.json, the multiplier that GGUF files hold in their place.
/// </summary>
/// <param name="BetaFast">Turns in the old context above which a pair keeps its frequency.</param>
/// <param name="BetaSlow">Turns below which it is slowed down by the whole factor.</param>
/// <param name="Length">Length of the turned pairs.</param>
/// <param name="Scores">Factor of all attention scores; 1 but for latent attention.</param>
internal sealed record YarnNumbers(double BetaFast, double BetaSlow, double Length, double Scores)
{
    // GGUF keeps single precision, and quotients of it.
    private const double Tolerance = 1e-6;

    /// <summary>Whether the blend between kept and slowed pairs is the one that llama.cpp computes whatever a file of these architectures says.</summary>
    public bool HasUsualBlend => BetaFast == 32 && BetaSlow == 1;

    /// <summary>Whether pairs are blended alike.</summary>
    public bool SameBlend(YarnNumbers other) => Near(BetaFast, other.BetaFast) && Near(BetaSlow, other.BetaSlow);

    /// <summary>Whether attention is the same.</summary>
    public bool Agrees(YarnNumbers other) => SameBlend(other) && Near(Length, other.Length) && Near(Scores, other.Scores);

    /// <summary>As a section of config.json states it.</summary>
    public static YarnNumbers OfConfig(JsonObject config, JsonObject scaling, double factor, int context)
    {
        YarnRopeScaling yarn = Of(factor, context, Number("beta_fast"), Number("beta_slow")) with
        {
            AttentionFactor = Number("attention_factor"),
            Mscale = Number("mscale"),
            MscaleAllDim = Number("mscale_all_dim"),
        };
        return Of(yarn, isLatent: config["kv_lora_rank"] is not null);

        double? Number(string key) => RotarySettings.Number(scaling[key]);
    }

    /// <summary>As a GGUF file states it: of latent attention a tenth of both <c>mscale</c>, which are equal there; else the length over the paper's.</summary>
    public static YarnNumbers OfGguf(GgufCopy file, double factor, int context)
    {
        YarnRopeScaling yarn = Of(factor, context, file.Number("rope.scaling.yarn_beta_fast"), file.Number("rope.scaling.yarn_beta_slow"));
        if (!file.IsLatent) return Of(yarn with { AttentionFactor = file.Number("rope.scaling.attn_factor") * yarn.DefaultMagnitude }, isLatent: false);
        double? mscale = file.Number("rope.scaling.yarn_log_multiplier") * 10;
        return Of(yarn with { Mscale = mscale, MscaleAllDim = mscale }, isLatent: true);
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"betas {BetaFast} and {BetaSlow}, pairs of length {Length:0.####}{(Scores == 1 ? "" : $", scores times {Scores:0.####}")}");

    private static YarnRopeScaling Of(double factor, int context, double? fast, double? slow) =>
        new() { Factor = factor, OriginalMaxPositionEmbeddings = context, BetaFast = fast ?? 32, BetaSlow = slow ?? 1 };

    private static YarnNumbers Of(YarnRopeScaling yarn, bool isLatent) => new(yarn.BetaFast, yarn.BetaSlow, yarn.Magnitude, isLatent ? yarn.ScoreFactor : 1);

    private static bool Near(double left, double right) => Math.Abs(left - right) <= Tolerance * Math.Abs(right);
}
