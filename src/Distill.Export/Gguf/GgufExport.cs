using Distill.Runs;
using Distill.Weights;

namespace Distill.Export.Gguf;

/// <summary>
/// Writes a model as GGUF that llama.cpp and Ollama load, in one file or in shards. Tensors are streamed, so memory stays bounded
/// whatever the model's size; the same model gives the same bytes.
/// </summary>
internal static class GgufExport
{
    /// <summary>Exports one file.</summary>
    /// <param name="model">Model folder in Hugging Face's layout, of any known family, or an F32, F16 or BF16 GGUF file.</param>
    /// <param name="path">The file; it appears whole or not at all.</param>
    /// <param name="type">Its type.</param>
    /// <param name="name">Display name of the model.</param>
    /// <param name="settings">Anything else.</param>
    /// <exception cref="InputException">The model is damaged, or cannot be expressed.</exception>
    public static GgufSummary Write(string model, string path, GgufFileType type, string name, GgufExportSettings? settings = null)
    {
        settings ??= new GgufExportSettings();
        using GgufModelSource source = GgufModelSource.Open(model, name, settings);
        return Write(new GgufFilePlan(source, type, settings), path, null, default);
    }

    /// <summary>Writes what is planned.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="path">The file; shards get their numbers before its extension.</param>
    /// <param name="progress">Receives one event per tensor.</param>
    /// <param name="cancellation">Stops between pieces of a tensor; no file is left then.</param>
    /// <exception cref="InputException">A weight cannot be stored, or the disk is full.</exception>
    public static GgufSummary Write(GgufFilePlan plan, string path, IProgress<ProgressEvent>? progress, CancellationToken cancellation)
    {
        IReadOnlyList<GgufShard> shards = GgufShard.Split(plan, path);
        foreach (GgufShard shard in shards)
            GgufWriter.Write(shard.Path, shard.Metadata, shard.Layouts, pieces => new TensorEncoding(plan, shard.Tensors, pieces, progress).Run(cancellation));
        return new GgufSummary(plan.Source.Parameters, plan.TensorBytes, plan.FallbackTensors, [.. shards.Select(shard => shard.Path)]);
    }
}

/// <summary>Figures of one written model.</summary>
/// <param name="Parameters">Weights in it.</param>
/// <param name="TensorBytes">Bytes of its tensors, head and padding not counted.</param>
/// <param name="FallbackTensors">Tensors whose rows are no whole number of blocks and which were written in another type.</param>
/// <param name="Files">The files, in order.</param>
internal sealed record GgufSummary(long Parameters, long TensorBytes, IReadOnlyList<string> FallbackTensors, IReadOnlyList<string> Files)
{
    /// <summary>Bits per weight.</summary>
    public double BitsPerWeight => 8.0 * TensorBytes / Parameters;
}
