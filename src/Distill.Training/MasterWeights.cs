using Distill.Models;
using Distill.Runs;
using static TorchSharp.torch;

namespace Distill.Training;

/// <summary>
/// The trained values of a flat buffer as the 32-bit floats that updates are made on, a stretch at a time. Source: Micikevicius and others, "Mixed
/// precision training", arXiv:1710.03740, section 3.1.
/// </summary>
internal abstract class MasterWeights : IDisposable
{
    /// <summary>Stretches begin at multiples of this.</summary>
    public const int Alignment = StochasticRounding.Alignment;

    /// <summary>Begins with the buffer's present values.</summary>
    /// <param name="values">The buffer, <c>[count]</c>.</param>
    /// <param name="number">Which of the model's buffers it is.</param>
    /// <param name="options">The recipe.</param>
    public static MasterWeights Of(Tensor values, int number, TrainOptions options) => (values.dtype, options.Precision) switch
    {
        (ScalarType.Float32, _) => new Same(values),
        (_, Precision.BFloat16Stochastic) => new Rounded(values, number, options.Seed),
        _ => new Divided(values, options.OptimizerOnCpu ? CPU : values.device),
    };

    /// <summary>What a checkpoint keeps besides the buffer.</summary>
    public virtual Tensor? Rest => null;

    /// <summary>Values of a stretch as 32-bit floats, where the buffer is; changed in place and given back by <see cref="Store"/>.</summary>
    public abstract Tensor Load(long start, long length);

    /// <summary>Keeps the changed values of a stretch, in the buffer as well.</summary>
    /// <param name="start">First value.</param>
    /// <param name="changed">The values.</param>
    /// <param name="step">Number of the update.</param>
    public abstract void Store(long start, Tensor changed, int step);

    /// <inheritdoc/>
    public virtual void Dispose() { }

    private sealed class Same(Tensor values) : MasterWeights
    {
        public override Tensor Load(long start, long length) => values.narrow(0, start, length);

        public override void Store(long start, Tensor changed, int step) { } // changed in place
    }

    private sealed class Divided(Tensor values, Device device) : MasterWeights
    {
        private readonly Tensor _rest = zeros(values.numel(), ScalarType.Int16, device);

        public override Tensor Rest => _rest;

        public override Tensor Load(long start, long length)
        {
            Tensor joined = empty(length, device: values.device);
            SplitFloats.Join(values.narrow(0, start, length), _rest.narrow(0, start, length), joined);
            return joined;
        }

        public override void Store(long start, Tensor changed, int step) =>
            SplitFloats.Divide(changed, values.narrow(0, start, changed.shape[0]), _rest.narrow(0, start, changed.shape[0]));

        public override void Dispose()
        {
            base.Dispose();
            _rest.Dispose();
        }
    }

    private sealed class Rounded(Tensor values, int number, long seed) : MasterWeights
    {
        public override Tensor Load(long start, long length) => values.narrow(0, start, length).to(ScalarType.Float32);

        public override void Store(long start, Tensor changed, int step) =>
            StochasticRounding.Round(changed, values.narrow(0, start, changed.shape[0]), start, RandomStream.DeriveSeed(seed, "rounding", $"{number}", $"{step}"));
    }
}
