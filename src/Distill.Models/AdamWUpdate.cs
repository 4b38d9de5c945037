using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace Distill.Models;

/// <summary>
/// An AdamW update, on the CPU in one pass over the memory, which alone limits its speed: gradients are scaled as they are read and left at zero, and moments
/// of 8 bits never exist in 32. Source: Loshchilov and Hutter, arXiv:1711.05101. The same bits on any number of threads.
/// </summary>
public static unsafe class AdamWUpdate
{
    private const int Piece = 256; // values that one thread updates at a time: a block of 8-bit moments
    private const long PiecesWorthAThread = 64;

    private struct Work
    {
        public float* Values, Gradients, Mean, Variance;
        public sbyte* MeanNumbers, VarianceNumbers;
        public float* MeanScales, VarianceScales;
        public long Count, Decayed;
        public float Scale, MeanKept, MeanTaken, VarianceKept, VarianceTaken, Shrink, StepSize, RootScale, Epsilon;
    }

    /// <summary>Updates values and moments, <c>[count]</c> each, contiguous and on one device.</summary>
    /// <param name="values">What is trained.</param>
    /// <param name="gradients">Their gradients; zero afterwards.</param>
    /// <param name="mean">Mean of the gradients.</param>
    /// <param name="variance">Mean of their squares.</param>
    /// <param name="decayed">Leading values that weight decay is for.</param>
    /// <param name="rates">The update's numbers.</param>
    public static void Run(Tensor values, Tensor gradients, Tensor mean, Tensor variance, long decayed, AdamWRates rates)
    {
        if (!Aten.IsFloat32OnCpu(values))
        {
            RunAnywhere(values, gradients, mean, variance, decayed, rates);
            return;
        }
        Work work = Prepared(values, gradients, decayed, rates);
        work.Mean = (float*)Aten.Data(mean);
        work.Variance = (float*)Aten.Data(variance);
        Aten.ParallelFor((work.Count + Piece - 1) / Piece, PiecesWorthAThread, &Pieces, &work);
        KeepAlive(values, gradients, mean, variance);
    }

    /// <summary>The same on the CPU with moments of 8 bits: signed roots of the mean's and fourth roots of the variance's values, in blocks of 256 with a scale.</summary>
    /// <param name="values">What is trained, <c>[count]</c>.</param>
    /// <param name="gradients">Their gradients, <c>[count]</c>; zero afterwards.</param>
    /// <param name="mean">Numbers <c>[blocks, 256]</c> and scales <c>[blocks, 1]</c>.</param>
    /// <param name="variance">Numbers and scales.</param>
    /// <param name="decayed">Leading values that weight decay is for.</param>
    /// <param name="rates">The update's numbers.</param>
    public static void Run(Tensor values, Tensor gradients, (Tensor Numbers, Tensor Scales) mean, (Tensor Numbers, Tensor Scales) variance, long decayed, AdamWRates rates)
    {
        Work work = Prepared(values, gradients, decayed, rates);
        work.MeanNumbers = (sbyte*)Aten.Data(mean.Numbers);
        work.MeanScales = (float*)Aten.Data(mean.Scales);
        work.VarianceNumbers = (sbyte*)Aten.Data(variance.Numbers);
        work.VarianceScales = (float*)Aten.Data(variance.Scales);
        Aten.ParallelFor((work.Count + Piece - 1) / Piece, PiecesWorthAThread, &Blocks, &work);
        KeepAlive(values, gradients, mean.Numbers, mean.Scales, variance.Numbers, variance.Scales);
    }

    /// <summary>The same in libtorch's operations.</summary>
    internal static void RunAnywhere(Tensor values, Tensor gradients, Tensor mean, Tensor variance, long decayed, AdamWRates rates)
    {
        using var none = no_grad();
        using var scope = NewDisposeScope();
        Tensor step = tensor((float)rates.Step, device: values.device);
        if (rates.GradientScale != 1) gradients.mul_(rates.GradientScale);
        Update(0, decayed, rates.WeightDecay);
        Update(decayed, values.numel() - decayed, 0);
        gradients.zero_();

        void Update(long first, long count, double weightDecay)
        {
            if (count == 0) return;
            Aten.FusedAdamW(values.narrow(0, first, count), gradients.narrow(0, first, count), mean.narrow(0, first, count), variance.narrow(0, first, count), step,
                rates.LearningRate, rates.Beta1, rates.Beta2, weightDecay, rates.Epsilon);
        }
    }

    private static Work Prepared(Tensor values, Tensor gradients, long decayed, AdamWRates rates) => new()
    {
        Values = (float*)Aten.Data(values),
        Gradients = (float*)Aten.Data(gradients),
        Count = values.numel(),
        Decayed = decayed,
        Scale = (float)rates.GradientScale,
        MeanKept = (float)rates.Beta1,
        MeanTaken = (float)(1 - rates.Beta1),
        VarianceKept = (float)rates.Beta2,
        VarianceTaken = (float)(1 - rates.Beta2),
        Shrink = (float)(1 - (rates.LearningRate * rates.WeightDecay)),
        StepSize = (float)(rates.LearningRate / (1 - Math.Pow(rates.Beta1, rates.Step))),
        RootScale = (float)(1 / Math.Sqrt(1 - Math.Pow(rates.Beta2, rates.Step))),
        Epsilon = (float)rates.Epsilon,
    };

    private static void KeepAlive(params ReadOnlySpan<Tensor> tensors)
    {
        foreach (Tensor tensor in tensors) GC.KeepAlive(tensor);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Pieces(long begin, long end, void* context)
    {
        Work work = *(Work*)context;
        long first = begin * Piece, last = Math.Min(end * Piece, work.Count), border = Math.Clamp(work.Decayed, first, last);
        Update(work, first, border, work.Mean + first, work.Variance + first, work.Shrink);
        Update(work, border, last, work.Mean + border, work.Variance + border, 1);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Blocks(long begin, long end, void* context)
    {
        Work work = *(Work*)context;
        float* mean = stackalloc float[Piece], variance = stackalloc float[Piece];
        for (long block = begin; block < end; block++)
        {
            long first = block * Piece, last = Math.Min(first + Piece, work.Count), border = Math.Clamp(work.Decayed, first, last);
            BlockOfMoments.Read(work.MeanNumbers + first, work.MeanScales[block], mean, isVariance: false);
            BlockOfMoments.Read(work.VarianceNumbers + first, work.VarianceScales[block], variance, isVariance: true);
            Update(work, first, border, mean, variance, work.Shrink);
            Update(work, border, last, mean + (border - first), variance + (border - first), 1);
            work.MeanScales[block] = BlockOfMoments.Write(mean, work.MeanNumbers + first, isVariance: false);
            work.VarianceScales[block] = BlockOfMoments.Write(variance, work.VarianceNumbers + first, isVariance: true);
        }
    }

    private static void Update(in Work work, long first, long last, float* mean, float* variance, float shrink)
    {
        float* values = work.Values + first, gradients = work.Gradients + first;
        long count = last - first, i = 0;
        for (; i + Vector256<float>.Count <= count; i += Vector256<float>.Count)
        {
            (Vector256<float> value, Vector256<float> newMean, Vector256<float> newVariance) =
                Updated(work, Vector256.Load(values + i), Vector256.Load(gradients + i), Vector256.Load(mean + i), Vector256.Load(variance + i), shrink);
            value.Store(values + i);
            newMean.Store(mean + i);
            newVariance.Store(variance + i);
            Vector256<float>.Zero.Store(gradients + i);
        }
        for (; i < count; i++)
        {
            (Vector256<float> value, Vector256<float> newMean, Vector256<float> newVariance) =
                Updated(work, Vector256.Create(values[i]), Vector256.Create(gradients[i]), Vector256.Create(mean[i]), Vector256.Create(variance[i]), shrink);
            (values[i], mean[i], variance[i], gradients[i]) = (value.ToScalar(), newMean.ToScalar(), newVariance.ToScalar(), 0);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector256<float> Value, Vector256<float> Mean, Vector256<float> Variance) Updated(
        in Work work, Vector256<float> value, Vector256<float> gradient, Vector256<float> mean, Vector256<float> variance, float shrink)
    {
        gradient *= work.Scale;
        mean = (mean * work.MeanKept) + (gradient * work.MeanTaken);
        variance = (variance * work.VarianceKept) + (gradient * gradient * work.VarianceTaken);
        Vector256<float> root = (Vector256.Sqrt(variance) * work.RootScale) + Vector256.Create(work.Epsilon);
        return ((value * shrink) - (mean * work.StepSize / root), mean, variance);
    }
}

/// <summary>The numbers of an AdamW update.</summary>
/// <param name="Step">Number of the update, from 1.</param>
/// <param name="LearningRate">Learning rate.</param>
/// <param name="Beta1">Decay of the mean of gradients.</param>
/// <param name="Beta2">Decay of the mean of their squares.</param>
/// <param name="WeightDecay">Decoupled weight decay.</param>
/// <param name="Epsilon">Added to the denominator.</param>
/// <param name="GradientScale">What gradients are multiplied with first.</param>
public readonly record struct AdamWRates(int Step, double LearningRate, double Beta1, double Beta2, double WeightDecay, double Epsilon, double GradientScale = 1);
