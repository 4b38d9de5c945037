using Distill.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Distill.Training;

/// <summary>
/// AdamW over flat parameters. Source: Loshchilov and Hutter, arXiv:1711.05101. The moments may be kept in 8 bits, or on the CPU
/// while the parameters are on a GPU, and the parameters in 16 bits; they then pass through 32-bit floats a stretch at a time.
/// </summary>
public sealed class AdamW : IDisposable
{
    private const double Epsilon = 1e-8;
    private const long Stretch = 16 << 20, QuantizedStretch = 1 << 20; // values; multiples of the blocks that moments are quantized in

    private readonly FlatParameters _parameters;
    private readonly TrainOptions _options;
    private readonly (Moment Mean, Moment Variance)[] _moments;
    private readonly MasterWeights[] _masters;

    /// <summary>Starts with moments of zero.</summary>
    public AdamW(FlatParameters parameters, TrainOptions options)
    {
        (_parameters, _options) = (parameters, options);
        _moments = [.. parameters.Parts.Select(part =>
        {
            Device place = options.OptimizerOnCpu ? CPU : part.Values.device;
            return (Moment.Zero(1, options.Moments, part.Values, place), Moment.Zero(2, options.Moments, part.Values, place));
        })];
        _masters = [.. parameters.Parts.Select((part, number) => MasterWeights.Of(part.Values, number, options))];
    }

    /// <summary>The tensors that a checkpoint keeps besides <see cref="Masters"/>, by name.</summary>
    public IEnumerable<(string Name, Tensor Tensor)> Tensors => _moments.SelectMany((moments, part) =>
        Named("mean", moments.Mean, part).Concat(Named("variance", moments.Variance, part)));

    /// <summary>What makes 32-bit floats of the parameters, where these are in 16 bits, by name.</summary>
    public IEnumerable<(string Name, Tensor Tensor)> Masters =>
        _masters.SelectMany((master, part) => master.Rest is { } rest ? [(Name("parameters", part) + ".rest", rest)] : Array.Empty<(string, Tensor)>());

    /// <summary>The values of a parameter in 32-bit floats as the updates left them; what is no trained parameter is given back.</summary>
    public Tensor Exact(Tensor parameter)
    {
        for (int part = 0; part < _masters.Length; part++)
        {
            if (_parameters.Parts[part].StartOf(parameter) is { } start) return _masters[part].Load(start, parameter.numel()).view(parameter.shape);
        }
        return parameter;
    }

    /// <summary>Updates the parameters from their gradients, which are zero afterwards.</summary>
    /// <param name="step">Number of this update, from 1.</param>
    /// <param name="learningRate">Learning rate of this update.</param>
    public void Step(int step, double learningRate)
    {
        var rates = new AdamWRates(step, learningRate, _options.Beta1, _options.Beta2, _options.WeightDecay, Epsilon, _parameters.GradientScale);
        for (int part = 0; part < _moments.Length; part++)
        {
            FlatPart flat = _parameters.Parts[part];
            bool inPlace = flat.Values.dtype == ScalarType.Float32 && (_options.Moments == MomentFormat.Float32 || flat.Values.device_type == DeviceType.CPU);
            long stretch = inPlace ? Stretch : QuantizedStretch;
            for (long start = 0; start < flat.Values.numel(); start += stretch)
            {
                using var scope = NewDisposeScope();
                Tensor values = _masters[part].Load(start, Math.Min(stretch, flat.Values.numel() - start));
                Update(flat, _moments[part], start, values, rates);
                _masters[part].Store(start, values, step);
            }
        }
        _parameters.ForgetGradients();
    }

    private static void Update(FlatPart flat, (Moment Mean, Moment Variance) moments, long start, Tensor values, AdamWRates rates)
    {
        long length = values.numel(), decayed = Math.Clamp(flat.MatrixCount - start, 0, length);
        Tensor gradients = flat.Gradients.narrow(0, start, length);
        if (values.device_type == DeviceType.CPU && moments.Mean.Blocks(start, length) is { } meanBlocks && moments.Variance.Blocks(start, length) is { } varianceBlocks)
        {
            AdamWUpdate.Run(values, gradients, meanBlocks, varianceBlocks, decayed, rates);
            return;
        }
        Tensor mean = moments.Mean.Load(start, length, values.device), variance = moments.Variance.Load(start, length, values.device);
        AdamWUpdate.Run(values, gradients, mean, variance, decayed, rates);
        moments.Mean.Store(start, mean);
        moments.Variance.Store(start, variance);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (MasterWeights master in _masters) master.Dispose();
        foreach ((Moment mean, Moment variance) in _moments)
        {
            mean.Dispose();
            variance.Dispose();
        }
    }

    private static IEnumerable<(string Name, Tensor Tensor)> Named(string name, Moment moment, int part) =>
        moment.Tensors.Select(item => (Name(name, part) + item.Name, item.Tensor));

    private static string Name(string name, int part) => part == 0 ? name : $"{name}.{part}";
}
