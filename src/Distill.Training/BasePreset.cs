using Distill.Models;
using Distill.Runs;

namespace Distill.Training;

/// <summary>
/// A base model that DeepSeek distilled R1 into, with the learning rate it was trained at: two to three epochs, 64 samples per update, up
/// to 32,768 tokens, a cosine down to a tenth. Source: "DeepSeek-R1 incentivizes reasoning in LLMs through reinforcement learning",
/// Nature 2025, supplementary information B.4.3.
/// </summary>
/// <param name="Name">Name of the preset, e.g. <c>qwen-1.5b</c>.</param>
/// <param name="BaseModel">The base model's name on Hugging Face.</param>
/// <param name="LearningRate">Highest learning rate, for hundreds of thousands of samples.</param>
/// <param name="Shape">The base model's shape; its weights come from a folder.</param>
public sealed partial record BasePreset(string Name, string BaseModel, double LearningRate, ModelConfig Shape)
{
    /// <summary>Samples of an update.</summary>
    public const int SamplesPerUpdate = 64;

    /// <summary>Where the cosine ends, as a share of the highest learning rate.</summary>
    public const double FinalLearningRateRatio = 0.1;

    // DeepSeek does not tell its warm-up; this is that of OpenR1-Distill-7B's recipe.
    private const double WarmupShare = 0.03;

    // s1 (1,000 samples), Sky-T1 (17,000) and Bespoke-Stratos (17,000) took 1e-5 for 32B models, LIMO (800) half of it; from 100,000 samples on all took the published rates and more.
    private const int SmallSet = 20_000, LargeSet = 100_000;

    /// <summary>Passes over the training set; two to three are published.</summary>
    public const int Epochs = 2;

    /// <summary>Tokens of a row, and the longest sample.</summary>
    public const int SequenceLength = 32_768;

    /// <summary>
    /// Positions of the published students, in their <c>config.json</c>: those of the Qwen2.5-Math models were raised from 4,096, and their
    /// rotary base was left as it was.
    /// </summary>
    public const int Positions = 131_072;

    /// <summary>Highest learning rate for at most 20,000 samples, or null where nothing published says that it should be another.</summary>
    public double? SmallSetLearningRate { get; init; }

    /// <summary>Highest learning rate for a training set: between small and large ones it grows with the number of samples, both on a logarithmic scale.</summary>
    internal double LearningRateFor(TrainingSetSize? size)
    {
        if (size is null || SmallSetLearningRate is not { } small || size.Samples >= LargeSet) return LearningRate;
        double share = Math.Max(0, Math.Log((double)size.Samples / SmallSet) / Math.Log((double)LargeSet / SmallSet));
        return small * Math.Pow(LearningRate / small, share);
    }

    /// <summary>Rows of an update: as many as hold 64 samples, one each where samples share no rows; several GPUs take as many each.</summary>
    internal static int RowsPerUpdate(TrainOptions options)
    {
        double rows = !options.Packing || options.Size is not { } size ? SamplesPerUpdate : Math.Clamp(SamplesPerUpdate * size.MeanLength / options.RowLength, 1, SamplesPerUpdate);
        return options.Gpus * (int)Math.Max(1, Math.Round(rows / options.Gpus));
    }

    /// <summary>Updates of the warm-up.</summary>
    internal static int WarmupOf(int steps) => (int)Math.Ceiling(steps * WarmupShare);

    /// <summary>The names, smallest model first within a family.</summary>
    public static IReadOnlyList<string> Names => [.. All.Select(preset => preset.Name)];

    /// <summary>The preset of a name, or null.</summary>
    public static BasePreset? Find(string name) => All.FirstOrDefault(preset => preset.Name == name);

    /// <summary>
    /// Options in which a base preset is replaced by the folder of its weights, and remembered for its recipe; other options are returned as they are.
    /// </summary>
    /// <exception cref="InputException">The folder is missing, or holds another model.</exception>
    public static TrainOptions Resolve(TrainOptions options)
    {
        if (Find(options.Student) is not { } preset)
        {
            if (options.Base is not null) throw new InputException("`base` is given, but `student` is no preset of a base model", $"give the folder as `student`, or one of {string.Join(", ", Names)}");
            return options;
        }
        if (options.Base is null) throw preset.WeightsMissing();
        preset.RequireShape(ModelConfigFile.Load(options.Base), options.Base, preset.Download);
        return options with { Student = options.Base, Base = null, Preset = preset };
    }

    private string Download => $"download them, e.g. `hf download {BaseModel} --local-dir {BaseModel.Split('/')[1]}`, and pass `--base {BaseModel.Split('/')[1]}`";

    /// <summary>What to say when nobody has told where the base model's weights are.</summary>
    internal InputException WeightsMissing() => new($"student `{Name}` needs the weights of {BaseModel}", Download);

    private void RequireShape(ModelConfig found, string folder, string hint)
    {
        (string Key, object Expected, object Found)[] facts =
        [
            ("architecture", Shape.Architecture, found.Architecture),
            ("vocab_size", Shape.VocabSize, found.VocabSize),
            ("hidden_size", Shape.HiddenSize, found.HiddenSize),
            ("intermediate_size", Shape.IntermediateSize, found.IntermediateSize),
            ("num_hidden_layers", Shape.NumHiddenLayers, found.NumHiddenLayers),
            ("num_attention_heads", Shape.NumAttentionHeads, found.NumAttentionHeads),
            ("num_key_value_heads", Shape.NumKeyValueHeads, found.NumKeyValueHeads),
            ("head_dim", Shape.HeadDim, found.HeadDim),
            ("tie_word_embeddings", Shape.TieWordEmbeddings, found.TieWordEmbeddings),
        ];
        foreach ((string key, object expected, object actual) in facts)
        {
            if (!expected.Equals(actual)) throw new InputException($"{folder}/{ModelConfigFile.FileName}: {key} is {actual}, {BaseModel} has {expected}", hint);
        }
    }
}
