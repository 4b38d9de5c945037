using System.Text.Json.Nodes;
using Distill.Runs;

namespace Distill.Models;

/// <summary>
/// Rotary settings in <c>config.json</c>: up to transformers 4 <c>rope_theta</c> and <c>rope_scaling</c>, from version 5 on both
/// together in <c>rope_parameters</c>.
/// </summary>
internal static class RopeScalingJson
{
    private const string Old = "rope_scaling", New = "rope_parameters";
    private const double DefaultTheta = 10000;

    /// <summary>Base of the frequencies, in whichever place it stands.</summary>
    public static double ReadTheta(ConfigKeys keys) =>
        keys.Section(New)?.NumberOrNull("rope_theta") ?? keys.Number("rope_theta", DefaultTheta);

    /// <summary>The scaling, or null when there is none.</summary>
    /// <exception cref="InputException">It is of a kind that is not known, or lacks a number.</exception>
    public static RopeScaling? Read(ConfigKeys keys, int maxPositionEmbeddings)
    {
        if ((keys.Section(New) ?? keys.Section(Old)) is not { } section) return null;
        string kindKey = section.Has("rope_type") ? "rope_type" : "type", kind = section.Text(kindKey, "default");
        section.Require(section.Number("partial_rotary_factor", 1) == 1, "partial_rotary_factor", "1");
        section.Require(!section.Root.Any(item => item.Value is JsonObject), section.Root.FirstOrDefault(item => item.Value is JsonObject).Key ?? "", "one setting for all layers");
        switch (kind)
        {
            case "default":
                return null;
            case "linear":
                return new LinearRopeScaling(section.Number("factor"));
            case "llama3":
                return new Llama3RopeScaling(section.Number("factor"), section.Number("low_freq_factor"), section.Number("high_freq_factor"),
                    section.Whole("original_max_position_embeddings"));
            case "yarn":
                return ReadYarn(section, maxPositionEmbeddings);
            default:
                section.Require(false, kindKey, "default, linear, llama3 or yarn");
                return null;
        }
    }

    /// <summary>Writes base and scaling in the style of the file, the old one for a new file.</summary>
    public static void Write(ConfigJson json, ModelConfig config)
    {
        if (!json.Has(New)) json.Set("rope_theta", config.RopeTheta, DefaultTheta);
        else if (json.Has("rope_theta")) json.Set("rope_theta", config.RopeTheta);

        if (json.Has(New))
        {
            JsonObject parameters = json.Root[New]!.AsObject();
            if (IsAlready(parameters, config)) return;
            json.Root[New] = Section(config.RopeScaling, config.RopeTheta);
        }
        else if (!IsAlready(json.Root[Old] as JsonObject, config with { RopeTheta = DefaultTheta }))
        {
            json.Root[Old] = config.RopeScaling is null ? null : Section(config.RopeScaling, null);
        }
    }

    private static YarnRopeScaling ReadYarn(ConfigKeys section, int maxPositionEmbeddings)
    {
        section.Require(section.Flag("truncate", true), "truncate", "true");
        int original = section.Whole("original_max_position_embeddings", maxPositionEmbeddings);
        return new YarnRopeScaling
        {
            Factor = section.Number("factor", section.Has("original_max_position_embeddings") && original > 0 ? (double)maxPositionEmbeddings / original : null),
            OriginalMaxPositionEmbeddings = original,
            BetaFast = section.Number("beta_fast", 32),
            BetaSlow = section.Number("beta_slow", 1),
            AttentionFactor = section.NumberOrNull("attention_factor"),
            Mscale = section.NumberOrNull("mscale"),
            MscaleAllDim = section.NumberOrNull("mscale_all_dim"),
        };
    }

    private static bool IsAlready(JsonObject? section, ModelConfig config)
    {
        if (section is null) return config.RopeScaling is null;
        var keys = ConfigKeys.Of(new JsonObject { [New] = section.DeepClone() });
        return ReadTheta(keys) == config.RopeTheta && Equals(Read(keys, config.MaxPositionEmbeddings), config.RopeScaling);
    }

    private static JsonObject Section(RopeScaling? scaling, double? theta)
    {
        JsonObject section = scaling switch
        {
            null => new() { ["rope_type"] = "default" },
            LinearRopeScaling linear => new() { ["factor"] = linear.Factor, ["rope_type"] = "linear" },
            Llama3RopeScaling llama => new()
            {
                ["factor"] = llama.Factor,
                ["high_freq_factor"] = llama.HighFreqFactor,
                ["low_freq_factor"] = llama.LowFreqFactor,
                ["original_max_position_embeddings"] = llama.OriginalMaxPositionEmbeddings,
                ["rope_type"] = "llama3",
            },
            YarnRopeScaling yarn => Yarn(yarn),
            _ => throw new InputException("the model's rotary scaling is known only as a table of factors, which config.json cannot hold",
                "start from the model folder instead of its GGUF file"),
        };
        if (theta is { } number) section["rope_theta"] = number;
        return section;
    }

    private static JsonObject Yarn(YarnRopeScaling yarn)
    {
        var section = new JsonObject
        {
            ["beta_fast"] = yarn.BetaFast,
            ["beta_slow"] = yarn.BetaSlow,
            ["factor"] = yarn.Factor,
            ["original_max_position_embeddings"] = yarn.OriginalMaxPositionEmbeddings,
            ["rope_type"] = "yarn",
            ["type"] = "yarn", // DeepSeek's own code reads this key
        };
        foreach ((string key, double? value) in new[] { ("attention_factor", yarn.AttentionFactor), ("mscale", yarn.Mscale), ("mscale_all_dim", yarn.MscaleAllDim) })
        {
            if (value is { } number) section[key] = number;
        }
        return section;
    }
}
