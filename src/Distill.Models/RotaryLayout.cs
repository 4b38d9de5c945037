using static TorchSharp.torch;

namespace Distill.Models;

/// <summary>
/// Order of the rotated rows. Qwen2's checkpoints pair component i with i + width/2; here neighbours form a pair, which is one
/// complex multiplication. Reordering the rows of the query and key projections makes the two the same; DeepSeek's
/// checkpoints pair neighbours already.
/// </summary>
internal static class RotaryLayout
{
    /// <summary>Heads whose rows are to be reordered in a parameter, or null when it stays as it is.</summary>
    public static int? HeadsToReorder(ModelConfig config, string parameter)
    {
        if (config.Architecture != Architecture.Qwen2) return null;
        if (parameter.Contains(".q_proj.", StringComparison.Ordinal)) return config.NumAttentionHeads;
        return parameter.Contains(".k_proj.", StringComparison.Ordinal) ? config.NumKeyValueHeads : null;
    }

    /// <summary>Checkpoint order to ours: row p·width/2 + j of each head goes to 2j + p.</summary>
    /// <param name="rows"><c>[heads · width, ...]</c>.</param>
    /// <param name="heads">Heads.</param>
    public static Tensor ToNeighbours(Tensor rows, int heads) => Swap(rows, heads, 2, rows.shape[0] / heads / 2);

    /// <summary>Our order to the checkpoint's.</summary>
    /// <param name="rows"><c>[heads · width, ...]</c>.</param>
    /// <param name="heads">Heads.</param>
    public static Tensor ToHalves(Tensor rows, int heads) => Swap(rows, heads, rows.shape[0] / heads / 2, 2);

    private static Tensor Swap(Tensor rows, int heads, long outer, long inner) =>
        rows.reshape([heads, outer, inner, .. rows.shape[1..]]).transpose(1, 2).reshape(rows.shape);
}
