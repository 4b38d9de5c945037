using Distill.Runs;

namespace Distill.Weights;

/// <summary>Finds the weights of a Hugging Face model folder.</summary>
public static class WeightSource
{
    /// <summary>Name of a checkpoint in one file.</summary>
    public const string SingleFileName = "model.safetensors";

    /// <summary>Name of the index of a checkpoint in several files.</summary>
    public const string IndexFileName = "model.safetensors.index.json";

    /// <summary>
    /// Opens <c>model.safetensors</c>, or the shards that <c>model.safetensors.index.json</c> names. Weights in 8-bit floats with a scale per
    /// block appear dequantized (<see cref="BlockScaledWeights"/>).
    /// </summary>
    /// <exception cref="InputException">The folder has neither, or what it has is damaged.</exception>
    public static IWeightSource Open(string folder)
    {
        string single = Path.Combine(folder, SingleFileName), index = Path.Combine(folder, IndexFileName);
        if (File.Exists(single)) return BlockScaledWeights.Unfold(SafetensorsFile.Open(single));
        if (File.Exists(index)) return BlockScaledWeights.Unfold(ShardedWeights.Open(index));
        if (!Directory.Exists(folder)) throw new InputException($"{folder}: no such folder", "give the folder of a Hugging Face model");
        throw new InputException(
            $"{folder}: holds neither {SingleFileName} nor {IndexFileName}",
            Directory.EnumerateFiles(folder, "*.bin").Any()
                ? "PyTorch .bin files can run code when read and are never loaded; save the model as safetensors"
                : "give the folder of a Hugging Face model with its weights");
    }

    /// <summary>The tensor of that name, if its shape is the expected one.</summary>
    /// <exception cref="InputException">The source lacks the tensor, or holds another shape.</exception>
    public static TensorInfo Require(this IWeightSource source, string name, IReadOnlyList<long> shape)
    {
        if (!source.TryGet(name, out TensorInfo? info))
            throw new InputException($"{source.Path}: tensor `{name}` is missing", "config.json and the weights do not belong together, or a shard is lost");
        if (!info.Shape.SequenceEqual(shape))
            throw new InputException($"{source.Path}: tensor `{name}` has shape {info.ShapeText}, expected [{string.Join(", ", shape)}]", "use the config.json that belongs to these weights");
        return info;
    }
}
