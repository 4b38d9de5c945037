using static TorchSharp.torch;

namespace Distill.Models;

/// <summary>A weight that is stored small and expanded to 32-bit floats each time it is used.</summary>
internal abstract class StoredWeight : IDisposable
{
    internal const int BlockSize = 32;
    private const long ValuesAtOnce = 8 << 20;

    /// <summary>Stores a weight, a few rows at a time: the largest matrices are too large to stand in memory twice.</summary>
    /// <param name="rows">Rows of the weight.</param>
    /// <param name="columns">Columns of the weight.</param>
    /// <param name="values">Gives some rows as 32-bit floats: first row and count to <c>[count, columns]</c>.</param>
    /// <param name="format">How.</param>
    /// <param name="device">Where.</param>
    public static StoredWeight Of(long rows, long columns, Func<long, long, Tensor> values, WeightFormat format, Device device)
    {
        using var none = no_grad();
        bool blocks = columns % BlockSize == 0; // a narrow matrix is small anyway
        StoredWeight weight = (format, blocks) switch
        {
            (WeightFormat.Int8, true) => new Blocks(Kept([rows, columns / BlockSize, BlockSize], ScalarType.Int8), Kept([rows, columns / BlockSize, 1], ScalarType.Float16), packed: false),
            (WeightFormat.Int4, true) => new Blocks(Kept([rows, columns / BlockSize, BlockSize / 2], ScalarType.Byte), Kept([rows, columns / BlockSize, 1], ScalarType.Float16), packed: true),
            _ => new Plain(Kept([rows, columns], ScalarType.BFloat16)),
        };
        InStretches(rows, columns, values, weight.Store);
        return weight;

        Tensor Kept(long[] shape, ScalarType type) => empty(shape, type, device).DetachFromDisposeScope();
    }

    /// <summary>Reads a matrix of 16-bit floats that stands elsewhere, and may be trained there.</summary>
    public static StoredWeight In(Tensor weight) => new Plain(weight);

    /// <summary>Passes a matrix on, a few rows at a time.</summary>
    public static void InStretches(long rows, long columns, Func<long, long, Tensor> values, Action<long, Tensor> store)
    {
        using var none = no_grad();
        long stretch = Math.Max(1, ValuesAtOnce / columns);
        for (long first = 0; first < rows; first += stretch)
        {
            using var scope = NewDisposeScope();
            store(first, values(first, Math.Min(stretch, rows - first)));
        }
    }

    /// <summary>Stores some rows.</summary>
    private protected abstract void Store(long first, Tensor values);

    /// <summary>Fills <c>[count, columns]</c> with some rows of it, on whatever device.</summary>
    public abstract void Expand(long first, Tensor values);

    /// <summary>Its memory, when it is on the CPU.</summary>
    public abstract StoredNumbers Numbers { get; }

    /// <summary>A copy on a device, as small as it is.</summary>
    public abstract StoredWeight CopyTo(Device device);

    private static Tensor Copy(Tensor tensor, Device device) => tensor.to(device, copy: true).DetachFromDisposeScope();

    /// <summary>Rows of it by number.</summary>
    /// <param name="rows">Row numbers, int64.</param>
    public abstract Tensor Select(Tensor rows);

    /// <inheritdoc/>
    public abstract void Dispose();

    private static Tensor Divided(Tensor blocks, Tensor scale)
    {
        Tensor divisor = scale.to(ScalarType.Float32);
        return (blocks / divisor.masked_fill(divisor == 0, 1)).round_();
    }

    private sealed class Plain(Tensor weight) : StoredWeight
    {
        private protected override void Store(long first, Tensor values) => weight.narrow(0, first, values.shape[0]).copy_(values);

        public override void Expand(long first, Tensor values)
        {
            if (WeightExpansion.Fills(values, weight)) WeightExpansion.OfBFloat16(weight, first, values);
            else values.copy_(weight.narrow(0, first, values.shape[0]));
        }

        public override unsafe StoredNumbers Numbers => new(WeightFormat.BFloat16, Aten.Data(weight));

        public override StoredWeight CopyTo(Device device) => new Plain(Copy(weight, device));

        public override Tensor Select(Tensor rows) => weight.index_select(0, rows).to(ScalarType.Float32);

        public override void Dispose() => weight.Dispose();
    }

    // numbers [rows, blocks, 32], or [rows, blocks, 16] with two in a byte: the first half of a block in the low bits; scale [rows, blocks, 1].
    private sealed class Blocks(Tensor numbers, Tensor scale, bool packed) : StoredWeight
    {
        private protected override void Store(long first, Tensor values)
        {
            Tensor blocks = values.view(values.shape[0], -1, BlockSize);
            Tensor scales = (packed ? blocks.gather(2, blocks.abs().argmax(2, keepdim: true)) / -8 : blocks.abs().amax([2], keepdim: true) / 127).to(ScalarType.Float16);
            Tensor steps = Divided(blocks, scales);
            scale.narrow(0, first, values.shape[0]).copy_(scales);
            if (packed)
            {
                // The value of largest magnitude becomes -8, as in ggml's Q4_0: one of the sixteen numbers is not wasted.
                Tensor[] halves = (steps.clamp_(-8, 7) + 8).to(ScalarType.Byte).split(BlockSize / 2, 2);
                steps = halves[0] + (halves[1] * 16);
            }
            else
            {
                steps.clamp_(-127, 127);
            }
            numbers.narrow(0, first, values.shape[0]).copy_(steps);
        }

        public override void Expand(long first, Tensor values)
        {
            if (WeightExpansion.Fills(values, numbers))
            {
                WeightExpansion.OfBlocks(numbers, scale, packed, first, values);
                return;
            }
            using var scope = NewDisposeScope();
            values.copy_(Values(numbers.narrow(0, first, values.shape[0]).to(values.device), scale.narrow(0, first, values.shape[0]).to(values.device))); // moved while it is small
        }

        public override unsafe StoredNumbers Numbers => new(packed ? WeightFormat.Int4 : WeightFormat.Int8, Aten.Data(numbers), (Half*)Aten.Data(scale));

        public override StoredWeight CopyTo(Device device) => new Blocks(Copy(numbers, device), Copy(scale, device), packed);

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
