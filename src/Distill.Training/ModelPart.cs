using Distill.Models;

namespace Distill.Training;

/// <summary>What one of several devices holds of a model (<see cref="DeviceMap"/>), and how many micro-batches it has under way at once (<see cref="PipelinedPass"/>).</summary>
/// <param name="FirstLayer">Its first layer.</param>
/// <param name="Layers">Number of its layers.</param>
/// <param name="IsFirst">Whether it has the embedding.</param>
/// <param name="IsLast">Whether it has the last norm, the loss, and a head that is not the embedding.</param>
/// <param name="UnderWay">Micro-batches between their forward and their backward pass.</param>
internal sealed record ModelPart(int FirstLayer, int Layers, bool IsFirst, bool IsLast, int UnderWay)
{
    private const string LayerPrefix = "model.layers.", EmbeddingPrefix = "model.embed_tokens.";

    /// <summary>Whether it is the whole model.</summary>
    public bool IsWhole => IsFirst && IsLast;

    /// <summary>The parts of a training, first device to last.</summary>
    public static IReadOnlyList<ModelPart> Of(ModelConfig config, TrainOptions options)
    {
        int layers = config.NumHiddenLayers, devices = Math.Min(options.Device.Split(',').Length, layers), microBatches = (options.RowsPerUpdate + options.RowsPerPass - 1) / options.RowsPerPass;
        return [.. Enumerable.Range(0, devices).Select(device => new ModelPart(First(device), First(device + 1) - First(device), device == 0, device == devices - 1, Math.Min(devices - device, microBatches)))];

        int First(int device) => ((device * layers) + devices - 1) / devices;
    }

    /// <summary>Whether it holds a tensor of the checkpoint.</summary>
    public bool Holds(string tensor)
    {
        if (tensor.StartsWith(LayerPrefix, StringComparison.Ordinal))
            return int.Parse(tensor.AsSpan(LayerPrefix.Length, tensor.IndexOf('.', LayerPrefix.Length) - LayerPrefix.Length)) - FirstLayer is var layer && layer >= 0 && layer < Layers;
        return tensor.StartsWith(EmbeddingPrefix, StringComparison.Ordinal) ? IsFirst : IsLast;
    }
}
