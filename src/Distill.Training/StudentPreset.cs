using Distill.Models;
using Distill.Runs;

namespace Distill.Training;

/// <summary>Small shapes that are trained from nothing; a closed set of names.</summary>
public static class StudentPreset
{
    /// <summary>Tokens of a tokenizer that is learned for a preset: 256 bytes, 7 of the chat format, and the few words of the generated problems.</summary>
    public const int VocabularySize = 272;

    /// <summary>Highest learning rate where none is given: models as narrow as these, with fresh weights, hardly move at that of fine-tuning.</summary>
    public const double LearningRate = 3e-3;

    /// <summary>The names.</summary>
    public static IReadOnlyList<string> Names { get; } = ["tiny-qwen", "tiny-r1"];

    /// <summary>The shape of a preset, or null when the name is none.</summary>
    public static ModelConfig? Find(string name) => name switch
    {
        "tiny-qwen" => TinyQwen,
        "tiny-r1" => TinyR1,
        _ => null,
    };

    /// <summary>The shape of a preset or of a model folder.</summary>
    /// <exception cref="InputException">The name is neither, or the folder's <c>config.json</c> cannot be used.</exception>
    public static ModelConfig ShapeOf(string student) => Find(student) ?? BasePreset.Find(student)?.Shape
        ?? (Directory.Exists(student) ? ModelConfigFile.Load(student) : throw Unknown(student));

    /// <summary>What to say of a student that is neither a preset nor a folder.</summary>
    internal static InputException Unknown(string student)
    {
        string[] names = [.. Names, .. BasePreset.Names];
        string nearest = NearestName.Find(student, names) is { } near ? $"did you mean `{near}`?; " : "";
        return new($"student `{student}` is neither a preset nor a model folder", $"{nearest}presets: {string.Join(", ", names)}");
    }

    // Deviation of fresh weights: near 1/sqrt(width), since 0.02 is meant for widths of thousands.
    private static ModelConfig TinyQwen => new()
    {
        Architecture = Architecture.Qwen2,
        VocabSize = VocabularySize,
        HiddenSize = 96,
        IntermediateSize = 256,
        NumHiddenLayers = 3,
        NumAttentionHeads = 3,
        NumKeyValueHeads = 1,
        HeadDim = 32,
        RopeTheta = 10000,
        MaxPositionEmbeddings = 1024,
        TieWordEmbeddings = true,
        InitializerRange = 0.06,
    };

    private static ModelConfig TinyR1 => new()
    {
        Architecture = Architecture.DeepSeekV3,
        VocabSize = VocabularySize,
        HiddenSize = 128,
        IntermediateSize = 352,
        NumHiddenLayers = 4,
        NumAttentionHeads = 4,
        NumKeyValueHeads = 4,
        HeadDim = 48,
        RopeTheta = 10000,
        MaxPositionEmbeddings = 1024,
        InitializerRange = 0.06,
        Latent = new() { QLoraRank = 64, KvLoraRank = 64, QkNopeHeadDim = 32, QkRopeHeadDim = 16, VHeadDim = 32 },
        Mixture = new()
        {
            NRoutedExperts = 8,
            NumExpertsPerTok = 2,
            NSharedExperts = 1,
            MoeIntermediateSize = 96,
            FirstKDenseReplace = 1,
            RoutedScalingFactor = 1.0,
        },
    };
}
