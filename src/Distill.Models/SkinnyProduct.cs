using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using static TorchSharp.torch;

namespace Distill.Models;

/// <summary>
/// <c>y = x Wᵀ + b</c> for the few rows of a decoding step, where reading the weights costs more than computing with them: every weight comes from memory
/// once, whatever the number of rows, in the order in which it lies there, and needs no second, packed copy. An output is summed in the same order whatever
/// its neighbours in the batch and the number of threads are.
/// </summary>
internal static unsafe class SkinnyProduct
{
    /// <summary>Most rows for which this beats libtorch's general product.</summary>
    private const long MostRows = 32;

    private const int OutputsAtOnce = 32; // what a thread takes at a time
    private const long SmallestShare = 1 << 17; // multiplications below which a second thread costs more than it does

    private static readonly bool Supported = Vector512.IsHardwareAccelerated || Fma.IsSupported;

    /// <summary>Whether an input is multiplied here: few rows on the CPU that nobody wants gradients of.</summary>
    /// <param name="input"><c>[..., columns]</c>.</param>
    /// <param name="columns">Columns of the weights.</param>
    public static bool Takes(Tensor input, long columns) =>
        Supported && columns % SkinnyTile.Columns == 0 && input.numel() <= MostRows * columns && !is_grad_enabled()
        && Aten.IsFloat32OnCpu(input);

    /// <summary>Whether a weight can be multiplied with here.</summary>
    /// <param name="weight"><c>[outputs, columns]</c>.</param>
    public static bool TakesWeight(Tensor weight) =>
        Aten.IsFloat32OnCpu(weight) && weight.is_contiguous() && weight.size(0) >= SkinnyTile.Outputs;

    /// <summary>The products of one input with several weights.</summary>
    /// <param name="input"><c>[..., columns]</c>.</param>
    /// <param name="weights"><c>[outputs, columns]</c> and <c>[outputs]</c>, or null, each.</param>
    /// <returns><c>[..., outputs]</c> each.</returns>
    public static Tensor[] Of(Tensor input, params ReadOnlySpan<(Tensor Weight, Tensor? Bias)> weights)
    {
        long[] shape = input.shape;
        var outputs = new Tensor[weights.Length];
        for (int i = 0; i < outputs.Length; i++) outputs[i] = empty([.. shape[..^1], weights[i].Weight.size(0)], ScalarType.Float32);
        Into(outputs, input, weights);
        return outputs;
    }

    /// <summary>Fills tensors, row by row in memory, with the products of one input.</summary>
    /// <param name="outputs"><c>[..., outputs]</c> each.</param>
    /// <param name="input"><c>[..., columns]</c>.</param>
    /// <param name="weights"><c>[outputs, columns]</c> and <c>[outputs]</c>, or null, each.</param>
    public static void Into(Tensor[] outputs, Tensor input, params ReadOnlySpan<(Tensor Weight, Tensor? Bias)> weights)
    {
        using Tensor rows = input.contiguous();
        long columns = input.size(-1);
        SkinnyPart* parts = stackalloc SkinnyPart[weights.Length];
        var work = new Work { Parts = parts };
        long multiplications = 0;
        for (int i = 0; i < weights.Length; i++)
        {
            (Tensor weight, Tensor? bias) = weights[i];
            parts[i] = new()
            {
                Input = (float*)Aten.Data(rows),
                Weight = (float*)Aten.Data(weight),
                Bias = bias is null ? null : (float*)Aten.Data(bias),
                Output = (float*)Aten.Data(outputs[i]),
                Rows = rows.numel() / columns,
                Columns = columns,
                Outputs = weight.size(0),
            };
            work.Pieces += Pieces(parts[i]);
            multiplications += parts[i].Rows * weight.numel();
        }
        if (multiplications < SmallestShare) Take(&work);
        else Aten.ParallelFor(get_num_threads(), grain: 1, &Share, &work);
        foreach ((Tensor weight, Tensor? bias) in weights)
        {
            GC.KeepAlive(weight);
            GC.KeepAlive(bias);
        }
        GC.KeepAlive(outputs);
    }

    private static long Pieces(in SkinnyPart part) => (part.Outputs + OutputsAtOnce - 1) / OutputsAtOnce;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Share(long begin, long end, void* work) => Take((Work*)work);

    // Threads take what is left rather than halves: one that is interrupted does not hold up the other.
    private static void Take(Work* work)
    {
        for (long piece; (piece = Interlocked.Increment(ref work->Next) - 1) < work->Pieces;)
        {
            SkinnyPart* part = work->Parts;
            for (; piece >= Pieces(*part); part++) piece -= Pieces(*part);
            long first = piece * OutputsAtOnce, end = Math.Min(first + OutputsAtOnce, part->Outputs);
            if (Vector512.IsHardwareAccelerated) SkinnyTile.Multiply<SixteenLanes>(in *part, first, end);
            else SkinnyTile.Multiply<EightLanes>(in *part, first, end);
        }
    }

    private struct Work
    {
        public SkinnyPart* Parts;
        public long Pieces; // of all parts
        public long Next;   // the first that no thread has taken
    }
}
