using Distill.Models;
using static TorchSharp.torch;

namespace Distill.Training;

/// <summary>
/// AdamW over flat parameters. Source: Loshchilov and Hutter, arXiv:1711.05101. The moments may be kept in 8 bits, or on the CPU
/// while the parameters are on a GPU; they then pass through 32-bit floats a stretch at a time.
/// </summary>
public sealed class AdamW : IDisposable
{
    private const double Epsilon = 1e-8;
    private const long Stretch = 16 << 20, QuantizedStretch = 1 << 20; // values; multiples of the blocks that moments are quantized in

    private readonly FlatParameters _parameters;
    private readonly TrainOptions _options;
    private readonly (Moment Mean, Moment Variance)[] _moments;

    /// <summary>Starts with moments of zero.</summary>
    public AdamW(FlatParameters parameters, TrainOptions options)
    {
        (_parameters, _options) = (parameters, options);
        _moments = [.. parameters.Parts.Select(part =>
        {
            Device place = options.OptimizerOnCpu ? CPU : part.Values.device;
            return (Moment.Zero(1, options.Moments, part.Values, place), Moment.Zero(2, options.Moments, part.Values, place));
        })];
    }

    /// <summary>The tensors that a checkpoint keeps, by name.</summary>
    public IEnumerable<(string Name, Tensor Tensor)> Tensors => _moments.SelectMany((moments, part) =>
        Named("mean", moments.Mean, part).Concat(Named("variance", moments.Variance, part)));

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
            long stretch = _options.Moments == MomentFormat.Float32 ? Stretch : QuantizedStretch;
            for (long start = 0; start < flat.Values.numel(); start += stretch)
            {
                using var stretchScope = NewDisposeScope();
                long length = Math.Min(stretch, flat.Values.numel() - start);
                Tensor mean = _moments[part].Mean.Load(start, length, flat.Values.device), variance = _moments[part].Variance.Load(start, length, flat.Values.device);
                long matrices = Math.Clamp(flat.MatrixCount - start, 0, length);
                Update(0, matrices, _options.WeightDecay);
                Update(matrices, length - matrices, 0);
                _moments[part].Mean.Store(start, mean);
                _moments[part].Variance.Store(start, variance);

                void Update(long offset, long count, double weightDecay)
                {
                    if (count == 0) return;
                    Aten.FusedAdamW(flat.Values.narrow(0, start + offset, count), flat.Gradients.narrow(0, start + offset, count),
                        mean.narrow(0, offset, count), variance.narrow(0, offset, count), number,
                        learningRate, _options.Beta1, _options.Beta2, weightDecay, Epsilon);
                }
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach ((Moment mean, Moment variance) in _moments)
        {
            mean.Dispose();
            variance.Dispose();
        }
    }

    private static IEnumerable<(string Name, Tensor Tensor)> Named(string name, Moment moment, int part) =>
        moment.Tensors.Select(item => ($"{name}{(part == 0 ? "" : $".{part}")}{item.Name}", item.Tensor));
}
