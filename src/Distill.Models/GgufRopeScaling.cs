using Distill.Runs;
using Distill.Weights;

namespace Distill.Models;

/// <summary>
/// Rotary scaling in GGUF files: keys for the linear kind and for YaRN, a tensor of divisors (<c>rope_freqs.weight</c>) for Llama 3's.
/// </summary>
public static class GgufRopeScaling
{
    /// <summary>The divisors that the file of a model holds as a tensor, or null when it needs none.</summary>
    public static float[]? Divisors(ModelConfig config) => config.RopeScaling is Llama3RopeScaling or GivenRopeScaling
        ? [.. config.RopeScaling.Divisors(RopeScaling.Unscaled(config.RopeTheta, config.RotaryWidth), config.RopeTheta).Select(divisor => (float)divisor)]
        : null;

    /// <summary>Reads the scaling, or returns null when there is none.</summary>
    internal static RopeScaling? Read(GgufReader file, string name)
    {
        GgufMetadata metadata = file.Metadata;
        RopeScaling? given = ReadDivisors(file);
        string kind = metadata.FindString($"{name}.rope.scaling.type") ?? "none";
        if (given is not null && kind != "none") throw new InputException($"{file.Path}: has two rotary scalings, `{GgufTensorNames.RopeFactors}` and `{kind}`", "export the model again");
        return kind switch
        {
            "none" => given,
            "linear" => new LinearRopeScaling(metadata.GetFloat($"{name}.rope.scaling.factor")),
            "yarn" => ReadYarn(metadata, name),
            _ => throw new InputException($"{file.Path}: rotary scaling `{kind}` is not known", "known: linear, yarn and Llama 3's"),
        };
    }

    /// <summary>Appends the keys of a linear scaling or of YaRN.</summary>
    internal static void Append(GgufMetadata metadata, string name, ModelConfig config)
    {
        switch (config.RopeScaling)
        {
            case LinearRopeScaling linear:
                metadata.Add($"{name}.rope.scaling.type", "linear");
                metadata.Add($"{name}.rope.scaling.factor", (float)linear.Factor);
                break;
            case YarnRopeScaling yarn:
                if (yarn is not { BetaFast: 32, BetaSlow: 1 })
                    throw new InputException("config.json: llama.cpp computes YaRN of this architecture only with `beta_fast` 32 and `beta_slow` 1", "use these values in `rope_scaling` before training");
                metadata.Add($"{name}.rope.scaling.type", "yarn");
                metadata.Add($"{name}.rope.scaling.factor", (float)yarn.Factor);
                metadata.Add($"{name}.rope.scaling.original_context_length", (uint)yarn.OriginalMaxPositionEmbeddings);
                // llama.cpp multiplies the paper's length by this; for latent attention it has a key of its own.
                if (config.Latent is null && yarn.Magnitude != yarn.DefaultMagnitude)
                    metadata.Add($"{name}.rope.scaling.attn_factor", (float)(yarn.Magnitude / yarn.DefaultMagnitude));
                break;
        }
    }

    private static YarnRopeScaling ReadYarn(GgufMetadata metadata, string name)
    {
        var yarn = new YarnRopeScaling
        {
            Factor = metadata.GetFloat($"{name}.rope.scaling.factor"),
            OriginalMaxPositionEmbeddings = metadata.FindCount($"{name}.rope.scaling.original_context_length") ?? metadata.GetCount($"{name}.context_length"),
            BetaFast = metadata.FindFloat($"{name}.rope.scaling.yarn_beta_fast") ?? 32,
            BetaSlow = metadata.FindFloat($"{name}.rope.scaling.yarn_beta_slow") ?? 1,
        };
        return metadata.FindFloat($"{name}.rope.scaling.attn_factor") is { } ratio ? yarn with { AttentionFactor = ratio * yarn.DefaultMagnitude } : yarn;
    }

    private static GivenRopeScaling? ReadDivisors(GgufReader file)
    {
        if (!file.TryGet(GgufTensorNames.RopeFactors, out GgufTensorInfo? info)) return null;
        if (info.Shape.Count != 1 || info.ElementCount > 1 << 14) throw new InputException($"{file.Path}: tensor `{info.Name}` has an impossible shape", "export the model again");
        var factors = new float[info.ElementCount];
        file.ReadFloats(info, 0, factors);
        return new GivenRopeScaling(factors);
    }
}
