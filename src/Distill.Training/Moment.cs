using TorchSharp;
using static TorchSharp.torch;

namespace Distill.Training;

/// <summary>A moment of the optimizer for one flat buffer, read and written a stretch at a time.</summary>
internal abstract class Moment : IDisposable
{
    /// <summary>Starts at zero.</summary>
    /// <param name="order">1 for the mean of gradients, 2 for the mean of their squares.</param>
    /// <param name="format">How it is kept.</param>
    /// <param name="like">The buffer it belongs to, <c>[count]</c>.</param>
    /// <param name="device">Where it is kept.</param>
    public static Moment Zero(int order, MomentFormat format, Tensor like, Device device) =>
        format == MomentFormat.Float32 ? new Plain(zeros(like.shape, device: device)) : new Quantized(order, like.numel(), device);

    /// <summary>The tensors that a checkpoint keeps, by name.</summary>
    public abstract IEnumerable<(string Name, Tensor Tensor)> Tensors { get; }

    /// <summary>Values of a stretch as 32-bit floats, on a device; changed in place and given back by <see cref="Store"/>.</summary>
    public abstract Tensor Load(long start, long length, Device device);

    /// <summary>Keeps the changed values of a stretch.</summary>
    public abstract void Store(long start, Tensor values);

    /// <summary>A stretch as it is kept, numbers <c>[blocks, 256]</c> and scales <c>[blocks, 1]</c>; null when it is not kept in blocks on the CPU.</summary>
    public virtual (Tensor Numbers, Tensor Scales)? Blocks(long start, long length) => null;

    /// <inheritdoc/>
    public abstract void Dispose();

    private sealed class Plain(Tensor values) : Moment
    {
        public override IEnumerable<(string Name, Tensor Tensor)> Tensors => [("", values)];

        public override Tensor Load(long start, long length, Device device) => values.narrow(0, start, length).to(device);

        public override void Store(long start, Tensor changed)
        {
            if (changed.device_type != values.device_type) values.narrow(0, start, changed.shape[0]).copy_(changed); // else it was changed in place
        }

        public override void Dispose() => values.Dispose();
    }

    // Blocks of 256 with a scale each, as in Dettmers and others, "8-bit optimizers", arXiv:2110.02861; what is stored: Models.BlockOfMoments.
    private sealed class Quantized(int order, long count, Device device) : Moment
    {
        private const long BlockSize = 256;

        private readonly Tensor _numbers = zeros(BlocksOf(count) * BlockSize, ScalarType.Int8, device);
        private readonly Tensor _scales = zeros(BlocksOf(count), 1, ScalarType.Float32, device);

        public override IEnumerable<(string Name, Tensor Tensor)> Tensors => [(".numbers", _numbers), (".scales", _scales)];

        public override (Tensor Numbers, Tensor Scales)? Blocks(long start, long length) => device.type == DeviceType.CPU ? Stretch(start, length) : null;

        public override Tensor Load(long start, long length, Device target)
        {
            using var scope = NewDisposeScope();
            (Tensor numbers, Tensor scales) = Stretch(start, length);
            Tensor roots = numbers.to(target).to(ScalarType.Float32).mul_(scales.to(target));
            Tensor values = order == 1 ? roots.mul_(roots.abs()) : roots.pow_(4);
            return values.view(-1).narrow(0, 0, length).MoveToOuterDisposeScope();
        }

        public override void Store(long start, Tensor values)
        {
            using var scope = NewDisposeScope();
            (Tensor numbers, Tensor scales) = Stretch(start, values.shape[0]);
            Tensor padded = nn.functional.pad(values, [0, numbers.numel() - values.shape[0]]).view(-1, BlockSize);
            Tensor roots = order == 1 ? padded.abs().sqrt_() : padded.sqrt().sqrt_();
            Tensor scale = roots.amax([1], keepdim: true).div_(127);
            scales.copy_(scale);
            Tensor steps = (roots / scale.masked_fill(scale == 0, 1)).round_();
            numbers.copy_(order == 1 ? steps.mul_(padded.sign()) : steps.clamp_min_(1).mul_(padded.sign()));
        }

        public override void Dispose()
        {
            _numbers.Dispose();
            _scales.Dispose();
        }

        private static long BlocksOf(long values) => (values + BlockSize - 1) / BlockSize;

        private (Tensor Numbers, Tensor Scales) Stretch(long start, long length) =>
            (_numbers.narrow(0, start, BlocksOf(length) * BlockSize).view(-1, BlockSize), _scales.narrow(0, start / BlockSize, BlocksOf(length)));
    }
}
