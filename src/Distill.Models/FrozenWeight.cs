using static TorchSharp.torch;

namespace Distill.Models;

/// <summary>A weight that is stored small and expanded to 32-bit floats each time it is used.</summary>
internal abstract class FrozenWeight : IDisposable
{
    private const int BlockSize = 32;

    /// <summary>Stores a weight.</summary>
    /// <param name="weight"><c>[rows, columns]</c>, 32-bit floats.</param>
    /// <param name="format">How.</param>
    /// <param name="device">Where.</param>
    public static FrozenWeight Of(Tensor weight, WeightFormat format, Device device)
    {
        using var none = no_grad();
        using var scope = NewDisposeScope();
        bool blocks = weight.shape[1] % BlockSize == 0; // a narrow matrix is small anyway
        return (format, blocks) switch
        {
            (WeightFormat.Int8, true) => Int8(weight, device),
            (WeightFormat.Int4, true) => Int4(weight, device),
            (WeightFormat.Float32, _) => new Plain(Kept(weight.clone(), device)),
            _ => new Plain(Kept(weight.to(ScalarType.BFloat16), device)),
        };
    }

    /// <summary>The whole weight, <c>[rows, columns]</c>.</summary>
    public abstract Tensor Expand();

    /// <summary>Some rows of it.</summary>
    public abstract Tensor Expand(long first, long count);

    /// <summary>Rows of it by number.</summary>
    /// <param name="rows">Row numbers, int64.</param>
    public abstract Tensor Select(Tensor rows);

    /// <inheritdoc/>
    public abstract void Dispose();

    private static Blocks Int8(Tensor weight, Device device)
    {
        Tensor blocks = weight.view(weight.shape[0], -1, BlockSize);
        Tensor scale = (blocks.abs().amax([2], keepdim: true) / 127).to(ScalarType.Float16);
        Tensor numbers = Divided(blocks, scale).clamp(-127, 127).to(ScalarType.Int8);
        return new Blocks(Kept(numbers, device), Kept(scale, device), packed: false);
    }

    // The value of largest magnitude becomes -8, as in ggml's Q4_0: one of the sixteen numbers is not wasted.
    private static Blocks Int4(Tensor weight, Device device)
    {
        Tensor blocks = weight.view(weight.shape[0], -1, BlockSize);
        Tensor largest = blocks.gather(2, blocks.abs().argmax(2, keepdim: true));
        Tensor scale = (largest / -8).to(ScalarType.Float16);
        Tensor numbers = (Divided(blocks, scale).clamp(-8, 7) + 8).to(ScalarType.Byte);
        Tensor[] halves = numbers.split(BlockSize / 2, 2);
        return new Blocks(Kept(halves[0] + (halves[1] * 16), device), Kept(scale, device), packed: true);
    }

    private static Tensor Divided(Tensor blocks, Tensor scale)
    {
        Tensor divisor = scale.to(ScalarType.Float32);
        return (blocks / divisor.masked_fill(divisor == 0, 1)).round();
    }

    private static Tensor Kept(Tensor tensor, Device device) => tensor.to(device).DetachFromDisposeScope();

    private sealed class Plain(Tensor weight) : FrozenWeight
    {
        public override Tensor Expand() => weight.to(ScalarType.Float32);

        public override Tensor Expand(long first, long count) => weight.narrow(0, first, count).to(ScalarType.Float32);

        public override Tensor Select(Tensor rows) => weight.index_select(0, rows).to(ScalarType.Float32);

        public override void Dispose() => weight.Dispose();
    }

    // numbers [rows, blocks, 32], or [rows, blocks, 16] with two in a byte: the first half of a block in the low bits; scale [rows, blocks, 1].
    private sealed class Blocks(Tensor numbers, Tensor scale, bool packed) : FrozenWeight
    {
        public override Tensor Expand() => Values(numbers, scale);

        public override Tensor Expand(long first, long count) => Values(numbers.narrow(0, first, count), scale.narrow(0, first, count));

        public override Tensor Select(Tensor rows) => Values(numbers.index_select(0, rows), scale.index_select(0, rows));

        private Tensor Values(Tensor some, Tensor factor)
        {
            using var scope = NewDisposeScope();
            Tensor values = packed
                ? cat([some.bitwise_and(15), some.bitwise_right_shift(4)], 2).to(ScalarType.Float32).sub_(8)
                : some.to(ScalarType.Float32);
            return values.mul_(factor.to(ScalarType.Float32)).view(some.shape[0], -1).MoveToOuterDisposeScope();
        }

        public override void Dispose()
        {
            numbers.Dispose();
            scale.Dispose();
        }
    }
}
