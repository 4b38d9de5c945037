using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace Distill.Models;

/// <summary>
/// The product of a gated feed-forward network, <c>silu(gate) · up</c> with <c>silu(x) = x / (1 + e⁻ˣ)</c>, and its gradients: each one pass over the
/// memory on the CPU, where libtorch's operations take two and five.
/// </summary>
internal static unsafe class GatedActivation
{
    private const long ValuesWorthAThread = 16384;

    private struct Operands
    {
        public float* Gate, Up, Product;
        public long Count;
    }

    /// <summary>Fills <paramref name="product"/>; all of one shape, contiguous.</summary>
    public static void Multiply(Tensor gate, Tensor up, Tensor product)
    {
        if (Aten.IsFloat32OnCpu(gate)) Run(gate, up, product, &Forward);
        else product.copy_(nn.functional.silu(gate).mul_(up));
    }

    /// <summary>Replaces gate and up by their gradients.</summary>
    /// <param name="gate">The gate; its gradient afterwards.</param>
    /// <param name="up">What is gated; its gradient afterwards.</param>
    /// <param name="productGradient">Gradient of the product.</param>
    public static void Backward(Tensor gate, Tensor up, Tensor productGradient)
    {
        if (Aten.IsFloat32OnCpu(gate))
        {
            Run(gate, up, productGradient, &Backward);
            return;
        }
        Tensor upGradient = nn.functional.silu(gate).mul_(productGradient);
        gate.copy_(Aten.SiluBackward(productGradient * up, gate));
        up.copy_(upGradient);
    }

    private static void Run(Tensor gate, Tensor up, Tensor product, delegate* unmanaged[Cdecl]<long, long, void*, void> body)
    {
        var operands = new Operands { Gate = (float*)Aten.Data(gate), Up = (float*)Aten.Data(up), Product = (float*)Aten.Data(product), Count = gate.numel() };
        long vectors = (operands.Count + Vector256<float>.Count - 1) / Vector256<float>.Count;
        Aten.ParallelFor(vectors, ValuesWorthAThread / Vector256<float>.Count, body, &operands);
        GC.KeepAlive(gate);
        GC.KeepAlive(up);
        GC.KeepAlive(product);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Forward(long begin, long end, void* context)
    {
        Operands all = *(Operands*)context;
        long i = begin * Vector256<float>.Count, stop = Math.Min(end * Vector256<float>.Count, all.Count);
        for (; i + Vector256<float>.Count <= stop; i += Vector256<float>.Count)
        {
            Vector256<float> gate = Vector256.Load(all.Gate + i);
            (gate * Sigmoid(gate) * Vector256.Load(all.Up + i)).Store(all.Product + i);
        }
        for (; i < stop; i++)
        {
            float gate = all.Gate[i];
            all.Product[i] = gate * Sigmoid(Vector256.Create(gate)).ToScalar() * all.Up[i];
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Backward(long begin, long end, void* context)
    {
        Operands all = *(Operands*)context;
        long i = begin * Vector256<float>.Count, stop = Math.Min(end * Vector256<float>.Count, all.Count);
        for (; i + Vector256<float>.Count <= stop; i += Vector256<float>.Count)
        {
            (Vector256<float> gate, Vector256<float> up) = Gradients(Vector256.Load(all.Gate + i), Vector256.Load(all.Up + i), Vector256.Load(all.Product + i));
            gate.Store(all.Gate + i);
            up.Store(all.Up + i);
        }
        for (; i < stop; i++)
        {
            (Vector256<float> gate, Vector256<float> up) = Gradients(Vector256.Create(all.Gate[i]), Vector256.Create(all.Up[i]), Vector256.Create(all.Product[i]));
            (all.Gate[i], all.Up[i]) = (gate.ToScalar(), up.ToScalar());
        }
    }

    // With s = sigmoid(gate): d silu / d gate = s (1 + gate (1 − s)).
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector256<float> Gate, Vector256<float> Up) Gradients(Vector256<float> gate, Vector256<float> up, Vector256<float> product)
    {
        Vector256<float> sigmoid = Sigmoid(gate), one = Vector256<float>.One;
        return (product * up * sigmoid * (one + (gate * (one - sigmoid))), product * gate * sigmoid);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Sigmoid(Vector256<float> value) => Vector256<float>.One / (Vector256<float>.One + Vector256.Exp(-value));
}
