using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
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

    private struct Weights
    {
        public byte* Numbers;
        public Half* Scales;
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
        long count = values.numel();
        var weights = new Weights { Numbers = (byte*)Aten.Data(weight) + (2 * first * weight.shape[1]), Values = (float*)Aten.Data(values) };
        long blocks = count / BlockSize;
        Aten.ParallelFor(blocks, BlocksWorthAThread, &Wide, &weights);
        for (long i = blocks * BlockSize; i < count; i++) weights.Values[i] = BitConverter.Int32BitsToSingle(((ushort*)weights.Numbers)[i] << 16);
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
        long perRow = numbers.shape[1], blocks = values.numel() / BlockSize;
        var weights = new Weights
        {
            Numbers = (byte*)Aten.Data(numbers) + (first * perRow * (packed ? BlockSize / 2 : BlockSize)),
            Scales = (Half*)Aten.Data(scales) + (first * perRow),
            Values = (float*)Aten.Data(values),
        };
        Aten.ParallelFor(blocks, BlocksWorthAThread, packed ? &Packed : &Bytes, &weights);
        GC.KeepAlive(numbers);
        GC.KeepAlive(scales);
        GC.KeepAlive(values);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Bytes(long begin, long end, void* context)
    {
        Weights weights = *(Weights*)context;
        for (long block = begin; block < end; block++)
            Scale(Vector256.Load((sbyte*)weights.Numbers + (block * BlockSize)), weights.Scales[block], weights.Values + (block * BlockSize));
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Packed(long begin, long end, void* context)
    {
        Weights weights = *(Weights*)context;
        for (long block = begin; block < end; block++)
        {
            Vector128<byte> pairs = Vector128.Load(weights.Numbers + (block * (BlockSize / 2)));
            Vector256<byte> numbers = Vector256.Create(pairs & Vector128.Create((byte)15), pairs >>> 4);
            Scale(numbers.AsSByte() - Vector256.Create((sbyte)8), weights.Scales[block], weights.Values + (block * BlockSize));
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Wide(long begin, long end, void* context)
    {
        Weights weights = *(Weights*)context;
        var source = (ushort*)weights.Numbers;
        for (long i = begin * BlockSize; i < end * BlockSize; i += Vector256<ushort>.Count)
        {
            (Vector256<uint> low, Vector256<uint> high) = Vector256.Widen(Vector256.Load(source + i));
            (low << 16).AsSingle().Store(weights.Values + i);
            (high << 16).AsSingle().Store(weights.Values + i + Vector256<uint>.Count);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Scale(Vector256<sbyte> numbers, Half scale, float* values)
    {
        Vector256<float> factor = Vector256.Create((float)scale);
        (Vector256<short> low, Vector256<short> high) = Vector256.Widen(numbers);
        (Vector256<int> first, Vector256<int> second) = Vector256.Widen(low);
        (Vector256<int> third, Vector256<int> fourth) = Vector256.Widen(high);
        (Vector256.ConvertToSingle(first) * factor).Store(values);
        (Vector256.ConvertToSingle(second) * factor).Store(values + 8);
        (Vector256.ConvertToSingle(third) * factor).Store(values + 16);
        (Vector256.ConvertToSingle(fourth) * factor).Store(values + 24);
    }
}
