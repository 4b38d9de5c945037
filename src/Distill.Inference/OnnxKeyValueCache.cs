using Distill.Runs;
using Microsoft.ML.OnnxRuntime;

namespace Distill.Inference;

/// <summary>
/// Keys and values of every layer, one buffer each, <c>[rows, key-value heads, capacity, head width]</c>. The model reads and
/// extends them in place, so a step copies nothing; only the first positions of each head's part are in use.
/// </summary>
internal sealed class OnnxKeyValueCache(OnnxModelShape shape)
{
    private float[][] buffers = [];

    /// <summary>Sequences.</summary>
    public int Rows { get; private set; }

    /// <summary>Positions that there is room for.</summary>
    public int Capacity { get; private set; }

    private long RowLength => (long)shape.KeyValueHeads * Capacity * shape.HeadWidth;

    /// <summary>Makes room; what stood there is gone.</summary>
    public void Allocate(int rows, int capacity)
    {
        (Rows, Capacity) = (rows, capacity);
        buffers = [.. Enumerable.Range(0, 2 * shape.Layers).Select(_ => New(rows * RowLength))];
    }

    /// <summary>Makes room for more positions, keeping the first <paramref name="used"/> of every head.</summary>
    public void Grow(int capacity, int used)
    {
        int oldStride = Capacity * shape.HeadWidth, newStride = capacity * shape.HeadWidth;
        Capacity = capacity;
        for (int i = 0; i < buffers.Length; i++)
        {
            float[] grown = New(Rows * RowLength);
            for (int head = 0; head < Rows * shape.KeyValueHeads; head++)
                buffers[i].AsSpan(head * oldStride, used * shape.HeadWidth).CopyTo(grown.AsSpan(head * newStride));
            buffers[i] = grown;
        }
    }

    /// <summary>Goes on with these rows only, in this order.</summary>
    /// <param name="rows">Rows of the present order.</param>
    /// <param name="used">Positions in use.</param>
    public void Keep(ReadOnlySpan<int> rows, int used)
    {
        bool inPlace = IsAscending(rows); // then no row overwrites one that is still needed
        for (int i = 0; i < buffers.Length; i++)
        {
            float[] target = inPlace ? buffers[i] : New(rows.Length * RowLength);
            for (int row = 0; row < rows.Length; row++) CopyRow(buffers[i], rows[row], target, row, used);
            buffers[i] = target;
        }
        Rows = rows.Length;
    }

    /// <summary>Hands the rows <c>[first, first + count)</c> to the model as what it reads and where it writes.</summary>
    /// <returns>The views, to be disposed when another range is bound.</returns>
    public OrtValue[] Bind(OrtIoBinding binding, int first, int count)
    {
        long[] dimensions = [count, shape.KeyValueHeads, Capacity, shape.HeadWidth];
        var views = new List<OrtValue>(buffers.Length);
        foreach (((string past, string present), float[] buffer) in OnnxModelShape.CacheNames(shape.Layers).Zip(buffers))
        {
            Memory<float> part = buffer.AsMemory((int)(first * RowLength), (int)(count * RowLength));
            OrtValue view = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, part, dimensions);
            views.Add(view);
            binding.BindInput(past, view);
            binding.BindOutput(present, view);
        }
        return [.. views];
    }

    private static bool IsAscending(ReadOnlySpan<int> rows)
    {
        for (int i = 1; i < rows.Length; i++)
        {
            if (rows[i] <= rows[i - 1]) return false;
        }
        return true;
    }

    private void CopyRow(float[] source, int from, float[] target, int to, int used)
    {
        if (ReferenceEquals(source, target) && from == to) return;
        int stride = Capacity * shape.HeadWidth;
        for (int head = 0; head < shape.KeyValueHeads; head++)
        {
            source.AsSpan(((from * shape.KeyValueHeads) + head) * stride, used * shape.HeadWidth)
                .CopyTo(target.AsSpan(((to * shape.KeyValueHeads) + head) * stride));
        }
    }

    private static float[] New(long length) => length <= Array.MaxLength
        ? GC.AllocateUninitializedArray<float>((int)length, pinned: true)
        : throw new InputException($"the KV cache of this batch needs {length * 4 / 1_000_000_000.0:0.0} GB per layer", "lower the batch size or the token limit");
}
