using Distill.Models;
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

    /// <summary>Updates the parameters from their gradients.</summary>
    /// <param name="step">Number of this update, from 1.</param>
    /// <param name="learningRate">Learning rate of this update.</param>
    public void Step(int step, double learningRate)
    {
        for (int part = 0; part < _moments.Length; part++)
        {
            using var scope = NewDisposeScope();
            FlatPart flat = _parameters.Parts[part];
            using Tensor number = tensor((float)step, device: flat.Values.device);
            long stretch = _options.Moments == MomentFormat.Float32 && flat.Values.dtype == ScalarType.Float32 ? Stretch : QuantizedStretch;
            for (long start = 0; start < flat.Values.numel(); start += stretch)
            {
                using var stretchScope = NewDisposeScope();
                long length = Math.Min(stretch, flat.Values.numel() - start);
                Tensor values = _masters[part].Load(start, length);
                Tensor mean = _moments[part].Mean.Load(start, length, flat.Values.device), variance = _moments[part].Variance.Load(start, length, flat.Values.device);
                long matrices = Math.Clamp(flat.MatrixCount - start, 0, length);
                Update(0, matrices, _options.WeightDecay);
                Update(matrices, length - matrices, 0);
                _masters[part].Store(start, values, step);
                _moments[part].Mean.Store(start, mean);
                _moments[part].Variance.Store(start, variance);

                void Update(long offset, long count, double weightDecay)
                {
                    if (count == 0) return;
                    Aten.FusedAdamW(values.narrow(0, offset, count), flat.Gradients.narrow(0, start + offset, count),
                        mean.narrow(0, offset, count), variance.narrow(0, offset, count), number,
                        learningRate, _options.Beta1, _options.Beta2, weightDecay, Epsilon);
                }
            }
        }
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
