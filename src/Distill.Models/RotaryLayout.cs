using Distill.Models.Families;
using static TorchSharp.torch;

namespace Distill.Models;

/// <summary>
/// Order of the rotated rows. Most checkpoints pair component i with i + width/2; here neighbours form a pair, which is one
/// complex multiplication. Reordering the rows of the query and key projections, and of the norms between them and the rotation, makes the two
/// the same. DeepSeek's checkpoints pair neighbours already, and so do llama.cpp's files of Llama models.
/// </summary>
public static class RotaryLayout
{
    /// <summary>Heads whose rows are to be reordered when a tensor of a checkpoint is loaded, or null when it stays as it is.</summary>
    public static int? HeadsToReorder(ModelConfig config, string tensor) => ModelFamily.Of(config.Architecture).PairsHalves ? RotatedHeads(config, tensor) : null;

    /// <summary>Heads whose rows a GGUF file has as neighbouring pairs although the checkpoint has halves, or null when it has the checkpoint's rows.</summary>
    public static int? HeadsReorderedInGguf(ModelConfig config, string tensor)
    {
        ModelFamily family = ModelFamily.Of(config.Architecture);
        return family.PairsHalves && !family.PairsHalvesInGguf ? RotatedHeads(config, tensor) : null;
    }

    /// <summary>Checkpoint order to ours: row p·width/2 + j of each head goes to 2j + p.</summary>
    /// <param name="rows"><c>[heads · width, ...]</c>.</param>
    /// <param name="heads">Heads.</param>
    public static Tensor ToNeighbours(Tensor rows, int heads) => Swap(rows, heads, 2, rows.shape[0] / heads / 2);

    /// <summary>Our order to the checkpoint's.</summary>
    /// <param name="rows"><c>[heads · width, ...]</c>.</param>
    /// <param name="heads">Heads.</param>
    public static Tensor ToHalves(Tensor rows, int heads) => Swap(rows, heads, rows.shape[0] / heads / 2, 2);

    private static int? RotatedHeads(ModelConfig config, string tensor)
    {
        if (tensor.Contains(".q_proj.", StringComparison.Ordinal)) return config.NumAttentionHeads;
        if (tensor.Contains(".k_proj.", StringComparison.Ordinal)) return config.NumKeyValueHeads;
        return tensor.EndsWith(".q_norm.weight", StringComparison.Ordinal) || tensor.EndsWith(".k_norm.weight", StringComparison.Ordinal) ? 1 : null;
    }

    private static Tensor Swap(Tensor rows, int heads, long outer, long inner) =>
        rows.reshape([heads, outer, inner, .. rows.shape[1..]]).transpose(1, 2).reshape(rows.shape);
}
