using Distill.Runs;
using Distill.Weights;

namespace Distill.Models.Families;

/// <summary>
/// What a family of models has of its own: its names, and its keys in <c>config.json</c> and in GGUF metadata. A new family is one more
/// class here, one more entry in <see cref="All"/>, and a shape in the tests that run every family.
/// </summary>
internal abstract class ModelFamily
{
    /// <summary>Every family.</summary>
    public static IReadOnlyList<ModelFamily> All { get; } = [new LlamaFamily(), new Qwen2Family(), new Qwen3Family(), new DeepSeekV3Family()];

    /// <summary>The architecture.</summary>
    public abstract Architecture Architecture { get; }

    /// <summary>Name in <c>architectures</c>.</summary>
    public abstract string ClassName { get; }

    /// <summary>Name in <c>model_type</c>.</summary>
    public abstract string ModelType { get; }

    /// <summary>Name in <c>general.architecture</c>, which is also the prefix of the GGUF keys.</summary>
    public abstract string GgufName { get; }

    /// <summary>Whether a checkpoint pairs the rotated components i and i + width/2, not neighbours.</summary>
    public virtual bool PairsHalves => true;

    /// <summary>Whether a GGUF file pairs them like that too.</summary>
    public virtual bool PairsHalvesInGguf => PairsHalves;

    /// <summary>The family of an architecture.</summary>
    public static ModelFamily Of(Architecture architecture) => All.Single(family => family.Architecture == architecture);

    /// <summary>The family of a class name of transformers, or null.</summary>
    public static ModelFamily? OfClass(string name) => All.SingleOrDefault(family => family.ClassName == name);

    /// <summary>The family of a GGUF architecture, or null.</summary>
    public static ModelFamily? OfGguf(string name) => All.SingleOrDefault(family => family.GgufName == name);

    /// <summary>Adds what only this family's <c>config.json</c> says.</summary>
    /// <exception cref="InputException">A key is missing or asks for something that is not known.</exception>
    public abstract ModelConfig ReadConfig(ConfigKeys keys, ModelConfig common);

    /// <summary>Sets the keys that only this family has.</summary>
    public abstract void WriteConfig(ModelConfig config, ConfigJson json);

    /// <summary>Adds what only this family's GGUF files say.</summary>
    /// <exception cref="InputException">A key is missing or asks for something that is not known.</exception>
    public abstract ModelConfig ReadGguf(GgufReader file, ModelConfig common);

    /// <summary>Appends the keys that only this family has.</summary>
    /// <exception cref="InputException">GGUF has no way to say what the model is.</exception>
    public abstract void AppendGguf(GgufMetadata metadata, ModelConfig config);
}
