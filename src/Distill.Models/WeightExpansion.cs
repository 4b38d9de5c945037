using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Distill.Models;

/// <summary>
/// Expands weights that are stored small to 32-bit floats on the CPU, in one pass over the memory: composed of libtorch's operations the same
/// takes several, and as long as a tenth of the product that the weights are for.
/// </summary>
internal static unsafe class WeightExpansion
{
    private const int BlockSize = StoredWeight.BlockSize;
    private const long BlocksWorthAThread = 1024;

    private struct Stretch
    {
        public StoredNumbers Numbers;
        public long First; // block
        public float* Values;
    }

    /// <summary>Whether a tensor is filled from a weight here: with 32-bit floats, both on the CPU.</summary>
    public static bool Fills(Tensor values, Tensor weight) =>
        Aten.IsFloat32OnCpu(values) && weight.device_type == TorchSharp.DeviceType.CPU;

    /// <summary>Expands rows of 16-bit floats.</summary>
    /// <param name="weight">The matrix, <c>[rows, columns]</c>.</param>
    /// <param name="first">First row.</param>
    /// <param name="values">Receives as many rows as it has, <c>[count, columns]</c>.</param>
    public static void OfBFloat16(Tensor weight, long first, Tensor values)
    {
        ushort* numbers = (ushort*)Aten.Data(weight) + (first * weight.shape[1]);
        long count = values.numel(), blocks = count / BlockSize;
        Run(new StoredNumbers(WeightFormat.BFloat16, numbers), 0, blocks, values);
        float* expanded = (float*)Aten.Data(values);
        for (long i = blocks * BlockSize; i < count; i++) expanded[i] = BitConverter.Int32BitsToSingle(numbers[i] << 16);
        GC.KeepAlive(weight);
        GC.KeepAlive(values);
    }

    /// <summary>Expands rows of blocks of whole numbers with a scale.</summary>
    /// <param name="numbers"><c>[rows, blocks, 32]</c> of a byte each, or <c>[rows, blocks, 16]</c> of two in a byte.</param>
    /// <param name="scales"><c>[rows, blocks, 1]</c>, 16-bit floats.</param>
    /// <param name="packed">Whether two numbers share a byte.</param>
    /// <param name="first">First row.</param>
    /// <param name="values">Receives as many rows as it has, <c>[count, blocks · 32]</c>.</param>
    public static void OfBlocks(Tensor numbers, Tensor scales, bool packed, long first, Tensor values)
    {
        var stored = new StoredNumbers(packed ? WeightFormat.Int4 : WeightFormat.Int8, Aten.Data(numbers), (Half*)Aten.Data(scales));
        Run(stored, first * numbers.shape[1], values.numel() / BlockSize, values);
        GC.KeepAlive(numbers);
        GC.KeepAlive(scales);
    }

    private static void Run(StoredNumbers numbers, long first, long blocks, Tensor values)
    {
        var stretch = new Stretch { Numbers = numbers, First = first, Values = (float*)Aten.Data(values) };
        Aten.ParallelFor(blocks, BlocksWorthAThread, &Expand, &stretch);
        GC.KeepAlive(values);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Expand(long begin, long end, void* context)
    {
        Stretch stretch = *(Stretch*)context;
        stretch.Numbers.Expand(stretch.First + begin, end - begin, stretch.Values + (begin * BlockSize));
    }
}
