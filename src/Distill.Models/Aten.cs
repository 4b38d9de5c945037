using System.Runtime.InteropServices;
using System.Text;
using static TorchSharp.torch;

namespace Distill.Models;

/// <summary>
/// Operations of libtorch that TorchSharp does not bind, called through the dispatcher's C interface
/// (<c>aoti_torch_call_dispatcher</c>, libtorch 2.10). Arguments are given in the order of the operation's schema, all of them;
/// tensors are passed as new handles because the callee takes ownership.
/// </summary>
public static unsafe class Aten
{
    private const string Library = "torch_cpu";

    /// <summary>Scaled dot-product attention with grouped heads.</summary>
    /// <param name="query"><c>[batch, heads, queries, width]</c>.</param>
    /// <param name="key"><c>[batch, kv_heads, keys, width]</c>.</param>
    /// <param name="value"><c>[batch, kv_heads, keys, width]</c>.</param>
    /// <param name="mask">Added to the scores, broadcast to <c>[batch, heads, queries, keys]</c>; null for none.</param>
    /// <param name="causal">Whether a query sees only keys up to its own position.</param>
    /// <param name="scale">Multiplies the scores; null for one over the square root of the width.</param>
    /// <returns><c>[batch, heads, queries, width]</c>.</returns>
    public static Tensor ScaledDotProductAttention(Tensor query, Tensor key, Tensor value, Tensor? mask, bool causal, double? scale = null) =>
        CallOne("aten::scaled_dot_product_attention", "", Handle(query), Handle(key), Handle(value), OptionalHandle(mask),
            Bits(0.0), causal ? 1UL : 0UL, OptionalBits(scale), 1UL);

    /// <summary>Attention on the CPU together with the logarithms of the sums that its weights were divided by.</summary>
    /// <param name="query"><c>[batch, heads, queries, width]</c>.</param>
    /// <param name="key"><c>[batch, kv_heads, keys, width]</c>.</param>
    /// <param name="value"><c>[batch, kv_heads, keys, width]</c>.</param>
    /// <param name="causal">Whether a query sees only keys up to its own index.</param>
    /// <param name="scale">Multiplies the scores.</param>
    /// <returns><c>[batch, heads, queries, width]</c> and <c>[batch, heads, queries]</c>.</returns>
    internal static (Tensor Mixed, Tensor LogSum) FlashAttention(Tensor query, Tensor key, Tensor value, bool causal, double scale)
    {
        Span<ulong> results = stackalloc ulong[2];
        Call("aten::_scaled_dot_product_flash_attention_for_cpu", "", results, Handle(query), Handle(key), Handle(value), Bits(0.0), causal ? 1UL : 0UL, 0, OptionalBits(scale));
        return (Tensor.UnsafeCreateTensor((nint)results[0]), Tensor.UnsafeCreateTensor((nint)results[1]));
    }

    /// <summary>
    /// From the gradient of what <see cref="FlashAttention"/> mixed to those of queries, keys and values. Keys may be some of those that the sums are over: the result is their part.
    /// </summary>
    internal static (Tensor Query, Tensor Key, Tensor Value) FlashAttentionBackward(Tensor gradient, Tensor query, Tensor key, Tensor value, Tensor mixed, Tensor logSum, bool causal, double scale)
    {
        Span<ulong> results = stackalloc ulong[3];
        Call("aten::_scaled_dot_product_flash_attention_for_cpu_backward", "", results, Handle(gradient), Handle(query), Handle(key), Handle(value), Handle(mixed), Handle(logSum),
            Bits(0.0), causal ? 1UL : 0UL, 0, OptionalBits(scale));
        return (Tensor.UnsafeCreateTensor((nint)results[0]), Tensor.UnsafeCreateTensor((nint)results[1]), Tensor.UnsafeCreateTensor((nint)results[2]));
    }

    /// <summary>Root-mean-square normalization over the last dimension.</summary>
    /// <param name="input"><c>[..., width]</c>.</param>
    /// <param name="weight"><c>[width]</c>.</param>
    /// <param name="epsilon">Added to the mean square.</param>
    public static Tensor RmsNorm(Tensor input, Tensor weight, double epsilon) =>
        CallOne("aten::rms_norm", "", Handle(input), IntegerList(weight.shape[0]), OptionalHandle(weight), OptionalBits(epsilon));

    /// <summary>From the gradient of <c>silu(x)</c> and x to the gradient of x.</summary>
    internal static Tensor SiluBackward(Tensor gradient, Tensor input) => CallOne("aten::silu_backward", "", Handle(gradient), Handle(input));

    /// <summary>Replaces each row by its softmax.</summary>
    /// <param name="rows"><c>[rows, columns]</c>.</param>
    public static void SoftmaxInPlace(Tensor rows) => CallOne("aten::_softmax", "out", Handle(rows), 1UL, 0, Handle(rows)).Dispose();

    /// <summary>The same bytes, taken for another type of the same size.</summary>
    internal static Tensor ViewAs(Tensor tensor, ScalarType type) => CallOne("aten::view", "dtype", Handle(tensor), (ulong)type);

    /// <summary>Calls a function for stretches of a range, on the threads of libtorch's operations.</summary>
    /// <param name="count">End of the range, which begins at 0.</param>
    /// <param name="grain">Smallest stretch that is worth a thread.</param>
    /// <param name="body">Receives begin, end and context.</param>
    /// <param name="context">Passed through.</param>
    internal static void ParallelFor(long count, long grain, delegate* unmanaged[Cdecl]<long, long, void*, void> body, void* context) =>
        Check(ParallelFor(0, count, grain, body, context));

    /// <summary>Address of a CPU tensor's first value.</summary>
    internal static void* Data(Tensor tensor)
    {
        void* address;
        Check(GetDataPointer(tensor.Handle, &address));
        GC.KeepAlive(tensor);
        return address;
    }

    /// <summary>
    /// One AdamW update, in place, of all parameters in one call. Source: Loshchilov and Hutter, arXiv:1711.05101.
    /// </summary>
    /// <param name="parameter">Values, changed in place.</param>
    /// <param name="gradient">Gradient, same shape.</param>
    /// <param name="mean">First moment, changed in place.</param>
    /// <param name="variance">Second moment, changed in place.</param>
    /// <param name="step">Number of this update, a float scalar tensor, from 1.</param>
    /// <param name="learningRate">Learning rate of this update.</param>
    /// <param name="beta1">Decay of the first moment.</param>
    /// <param name="beta2">Decay of the second moment.</param>
    /// <param name="weightDecay">Decoupled weight decay.</param>
    /// <param name="epsilon">Added to the denominator.</param>
    public static void FusedAdamW(Tensor parameter, Tensor gradient, Tensor mean, Tensor variance, Tensor step,
        double learningRate, double beta1, double beta2, double weightDecay, double epsilon)
    {
        using var none = no_grad();
        Call("aten::_fused_adamw_", "", TensorList(parameter), TensorList(gradient), TensorList(mean), TensorList(variance),
            TensorList(), TensorList(step), Bits(learningRate), Bits(beta1), Bits(beta2), Bits(weightDecay), Bits(epsilon), 0, 0, 0, 0);
    }

    /// <summary>Whether our own loops can run over the tensor's memory.</summary>
    public static bool IsFloat32OnCpu(Tensor tensor) => tensor.device_type == TorchSharp.DeviceType.CPU && tensor.dtype == ScalarType.Float32;

    /// <summary>Makes subnormal results zero from now on, in this process.</summary>
    internal static void FlushDenormals()
    {
        try
        {
            _ = SetFlushDenormal(GlobalContext(), 1);
        }
        catch (EntryPointNotFoundException) { } // a speed setting only
    }

    private static Tensor CallOne(string operation, string overload, params ReadOnlySpan<ulong> arguments) =>
        Tensor.UnsafeCreateTensor((nint)Call(operation, overload, arguments));

    private static ulong Call(string operation, string overload, params ReadOnlySpan<ulong> arguments)
    {
        ulong result = 0;
        Call(operation, overload, new Span<ulong>(ref result), arguments);
        return result;
    }

    private static void Call(string operation, string overload, Span<ulong> results, params ReadOnlySpan<ulong> arguments)
    {
        ulong* stack = stackalloc ulong[Math.Max(arguments.Length, results.Length)];
        for (int i = 0; i < arguments.Length; i++) stack[i] = arguments[i];
        fixed (byte* name = Utf8(operation), variant = Utf8(overload))
        {
            if (CallDispatcher(name, variant, stack) != 0)
                throw new InvalidOperationException($"{operation} failed in libtorch (its message is on standard error)");
        }
        new ReadOnlySpan<ulong>(stack, results.Length).CopyTo(results);
    }

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text + "\0");

    private static ulong Handle(Tensor tensor)
    {
        nint copy;
        Check(NewTensorHandle(tensor.Handle, &copy));
        GC.KeepAlive(tensor);
        return (ulong)copy;
    }

    private static ulong Bits(double value) => (ulong)BitConverter.DoubleToInt64Bits(value);

    // An optional is a pointer to a heap cell that the callee frees with operator delete, which is free() in libstdc++ and libc++.
    private static ulong Optional(ulong value)
    {
        ulong* cell = (ulong*)NativeMemory.Alloc(sizeof(ulong));
        *cell = value;
        return (ulong)cell;
    }

    private static ulong OptionalHandle(Tensor? tensor) => tensor is null ? 0 : Optional(Handle(tensor));

    private static ulong OptionalBits(double? value) => value is { } some ? Optional(Bits(some)) : 0;

    private static ulong TensorList(params ReadOnlySpan<Tensor> tensors)
    {
        nint list;
        Check(NewList((nuint)tensors.Length, &list));
        foreach (Tensor tensor in tensors) Check(PushBack(list, Handle(tensor)));
        return (ulong)list;
    }

    private static ulong IntegerList(long value)
    {
        nint list;
        Check(NewList(1, &list));
        Check(PushBack(list, (ulong)value));
        return (ulong)list;
    }

    private static void Check(int error)
    {
        if (error != 0) throw new InvalidOperationException("libtorch refused an argument");
    }

    [DllImport(Library, EntryPoint = "aoti_torch_call_dispatcher", ExactSpelling = true)]
    private static extern int CallDispatcher(byte* operation, byte* overload, ulong* stack);

    [DllImport(Library, EntryPoint = "aoti_torch_new_tensor_handle", ExactSpelling = true)]
    private static extern int NewTensorHandle(nint original, nint* copy);

    [DllImport(Library, EntryPoint = "torch_new_list_reserve_size", ExactSpelling = true)]
    private static extern int NewList(nuint size, nint* list);

    [DllImport(Library, EntryPoint = "torch_list_push_back", ExactSpelling = true)]
    private static extern int PushBack(nint list, ulong item);

    [DllImport(Library, EntryPoint = "torch_parallel_for", ExactSpelling = true)]
    private static extern int ParallelFor(long begin, long end, long grain, delegate* unmanaged[Cdecl]<long, long, void*, void> body, void* context);

    [DllImport(Library, EntryPoint = "aoti_torch_get_data_ptr", ExactSpelling = true)]
    private static extern int GetDataPointer(nint tensor, void** address);

    [DllImport(Library, EntryPoint = "_ZN2at13globalContextEv", ExactSpelling = true)]
    private static extern nint GlobalContext();

    [DllImport(Library, EntryPoint = "_ZN2at7Context16setFlushDenormalEb", ExactSpelling = true)]
    private static extern byte SetFlushDenormal(nint context, byte enable);
}
