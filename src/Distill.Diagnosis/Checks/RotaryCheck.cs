using System.Text.Json.Nodes;

namespace Distill.Diagnosis.Checks;

/// <summary>Whether the rotary base and its scaling are stated, stated once, and kept in the GGUF files.</summary>
internal sealed class RotaryCheck : ICheck
{
    private const string Garbled = "positions turn otherwise than in training: short answers look right, long ones fall apart";

    public string Name => "rope";

    public IEnumerable<Finding> Look(Patient patient)
    {
        ModelFolder model = patient.Model;
        if (patient.TokenizerOnly || model.Config.Value is not { } config || config["num_hidden_layers"] is null) yield break;
        RotarySettings? old = RotarySettings.OfOldStyle(config), recent = RotarySettings.OfNewStyle(config);
        if (old is not null && recent is not null && Contradiction(config, old, recent))
            yield return new(Name, Severity.Error, model.Place(ModelFolder.ConfigFile, "rope_parameters"), $"says {recent}, `rope_theta` and `rope_scaling` say {old}",
                $"newer tools read the one, older tools the other: in half of them {Garbled}", "make both say what the model was trained with, or remove one");
        if ((recent ?? old) is not { Theta: not null } stated)
        {
            yield return new(Name, Severity.Warning, model.Place(ModelFolder.ConfigFile, "rope_theta"), "is missing, and `rope_parameters` has none either", $"every reader takes 10000; if the model was trained with another base, {Garbled}", "state the base that the model was trained with");
            stated = recent ?? old ?? new(null, "none", null, null);
        }
        foreach (GgufCopy file in patient.Gguf.Select(part => part.Value).OfType<GgufCopy>())
        {
            RotarySettings expected = stated.InGguf(), found = RotarySettings.OfGguf(file);
            if (expected.Agrees(found))
            {
                if (expected.Yarn is { HasUsualBlend: false } unusual)
                    yield return new(Name, Severity.Warning, file.Place(file.Key("rope.scaling.yarn_beta_fast")), $"says betas {unusual.BetaFast} and {unusual.BetaSlow}, as the model was trained with",
                        $"llama.cpp computes this architecture with 32 and 1 whatever the file says: {Garbled}", "train with 32 and 1, or serve the model folder");
                continue;
            }
            yield return new(Name, Severity.Error, file.Place(file.Key(KeyOf(expected, found, file))), $"the file says {found}, {model.File(ModelFolder.ConfigFile)} says {stated}", $"in llama.cpp and Ollama {Garbled}", "export the model again with `distill export`");
        }
    }

    // The key that the difference lies in.
    private static string KeyOf(RotarySettings expected, RotarySettings found, GgufCopy file) =>
        !expected.SameTheta(found) ? "rope.freq_base"
        : !expected.SameScaling(found) ? "rope.scaling.type"
        : !expected.Yarn!.SameBlend(found.Yarn!) ? "rope.scaling.yarn_beta_fast"
        : file.IsLatent ? "rope.scaling.yarn_log_multiplier" : "rope.scaling.attn_factor";

    // Old keys that only repeat a part are no contradiction.
    private static bool Contradiction(JsonObject config, RotarySettings old, RotarySettings recent) =>
        (config["rope_theta"] is not null && !old.SameTheta(recent)) || (config["rope_scaling"] is JsonObject && !(old with { Theta = recent.Theta }).Agrees(recent));
}
