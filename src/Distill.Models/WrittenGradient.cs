using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Distill.Models;

/// <summary>
/// Steps of a computation whose gradient is written out by hand, hung into libtorch's graph. A step keeps what its backward pass
/// needs and nothing else, and gives it back the moment it has been used; gradients of parameters are added where they are collected,
/// without a copy. (TorchSharp's own Function also keeps memory of the size of every output.)
/// </summary>
public sealed unsafe class WrittenGradient
{
    private const string Library = "LibTorchSharp";

    private static readonly nint Undefined = NewUndefined();

    // libtorch holds a node by two function pointers: what stands behind them must live as long as the node.
    private static readonly ConcurrentDictionary<WrittenGradient, byte> Alive = [];

    // The engine copies a returned gradient only after the callback has ended.
    [ThreadStatic] private static Tensor? returned;

    // Native code writes the handle of a step's output here.
    [ThreadStatic] private static nint* outputRoom;

    // An exception cannot pass through libtorch: it waits here until the backward pass is over.
    private static Exception? failure;

    private readonly Tensor[] _kept;
    private readonly Scratch[] _taken;
    private readonly Func<Tensor, Tensor[], Tensor?> _backward;
    private readonly nint* _gradients;
    private readonly int _edges;
    private readonly Apply _apply;
    private readonly Deleted _deleted;

    private WrittenGradient(Tensor[] kept, Scratch[] taken, int edges, Func<Tensor, Tensor[], Tensor?> backward)
    {
        (_kept, _taken, _edges, _backward) = (kept, taken, edges, backward);
        _gradients = (nint*)NativeMemory.Alloc((nuint)edges, (nuint)sizeof(nint));
        (_apply, _deleted) = (Run, Delete);
    }

    /// <summary>Runs a backward pass through everything that led to a tensor.</summary>
    /// <param name="output">The tensor; nothing happens when it hangs on nothing that is trained.</param>
    /// <param name="gradient">Its gradient.</param>
    public static void Backpropagate(Tensor output, Tensor gradient) => Backpropagate((output, gradient));

    /// <summary>Runs one backward pass through everything that led to some tensors.</summary>
    /// <param name="outputs">The tensors with their gradients; those that hang on nothing that is trained are passed over.</param>
    public static void Backpropagate(params (Tensor Tensor, Tensor Gradient)[] outputs)
    {
        (Tensor Tensor, Tensor Gradient)[] trained = [.. outputs.Where(output => output.Tensor.requires_grad)];
        if (trained.Length == 0) return;
        autograd.backward([.. trained.Select(output => output.Tensor)], [.. trained.Select(output => output.Gradient)]);
        returned?.Dispose();
        returned = null;
        if (Interlocked.Exchange(ref failure, null) is { } e) ExceptionDispatchInfo.Throw(e);
    }

    /// <summary>Makes a result that was computed without a graph a step of the graph.</summary>
    /// <param name="output">The result; the returned tensor takes its place.</param>
    /// <param name="input">What it was computed from, if a gradient can go on from there; null otherwise.</param>
    /// <param name="parameters">Parameters that it depends on; the backward pass adds to their gradients by itself.</param>
    /// <param name="kept">What the backward pass needs.</param>
    /// <param name="taken">Memory among it, which is given back when it has been used.</param>
    /// <param name="backward">From the output's gradient and what was kept to the input's gradient; null when there is no input.</param>
    internal static Tensor Attach(Tensor output, Tensor? input, IReadOnlyList<Tensor> parameters, IEnumerable<Tensor> kept, Scratch[] taken, Func<Tensor, Tensor[], Tensor?> backward)
    {
        int edges = parameters.Count + 1;
        var step = new WrittenGradient([.. kept.Select(tensor => tensor.detach().DetachFromDisposeScope())], taken, edges, backward);
        Alive.TryAdd(step, 0);
        Node node = CreateNode(Marshal.GetFunctionPointerForDelegate(step._apply), Marshal.GetFunctionPointerForDelegate(step._deleted));
        nint* inputs = stackalloc nint[edges];
        inputs[0] = (input ?? parameters[0]).Handle;
        for (int i = 0; i < parameters.Count; i++) inputs[i + 1] = parameters[i].Handle;
        nint outputHandle = output.Handle;
        var tensors = new TensorArray { First = inputs, Count = edges };
        SetNextEdges(node, tensors, 1);
        ClearInputMetadata(node);
        if (outputRoom is null) outputRoom = (nint*)NativeMemory.Alloc((nuint)sizeof(nint));
        *outputRoom = 0;
        WrapOutputs(tensors, default, default, new TensorArray { First = &outputHandle, Count = 1 }, node, &RoomForOne);
        DisposeShared(node);
        DisposeWeak(node);
        GC.KeepAlive(input);
        GC.KeepAlive(parameters);
        output.Dispose();
        return *outputRoom != 0 ? Tensor.UnsafeCreateTensor(*outputRoom) : throw new InvalidOperationException("libtorch refused a step of the graph");
    }

    /// <summary>Type of a parameter's gradient, and of what is computed with it: its own, but 32-bit floats for one that is kept in 16 bits.</summary>
    public static ScalarType TypeFor(Tensor parameter) => parameter.dtype == ScalarType.BFloat16 ? ScalarType.Float32 : parameter.dtype;

    /// <summary>Where gradients of a parameter are collected.</summary>
    internal static Tensor GradientOf(Parameter parameter)
    {
        if (parameter.grad is { } gradient) return gradient;
        using Tensor zero = zeros_like(parameter, TypeFor(parameter), requires_grad: false);
        parameter.grad = zero;
        return parameter.grad!;
    }

    // One gradient comes in; one goes out for the input, none for the parameters.
    private TensorArray Run(nint* gradients, int count)
    {
        for (int i = 0; i < _edges; i++) _gradients[i] = Undefined;
        returned?.Dispose();
        returned = null;
        try
        {
            using var scope = NewDisposeScope();
            Tensor? incoming = gradients[0] != 0 ? Tensor.UnsafeCreateTensor(gradients[0]) : null;
            if (incoming is not null && failure is null) returned = _backward(incoming, _kept)?.DetachFromDisposeScope();
            if (returned is not null) _gradients[0] = returned.Handle;
        }
        catch (Exception e)
        {
            Interlocked.CompareExchange(ref failure, e, null);
        }
        GiveBack();
        return new TensorArray { First = _gradients, Count = _edges };
    }

    private void GiveBack()
    {
        foreach (Tensor tensor in _kept) tensor.Dispose();
        foreach (Scratch memory in _taken) memory.Dispose();
    }

    private void Delete()
    {
        GiveBack();
        NativeMemory.Free(_gradients);
        Alive.TryRemove(this, out _);
    }

    [UnmanagedCallersOnly]
    private static nint* RoomForOne(nuint count) => outputRoom;

    private static nint NewUndefined()
    {
        nint handle;
        _ = NewUninitializedTensor(&handle);
        return handle;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct TensorArray
    {
        public nint* First;
        public long Count;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Node
    {
        public nint Shared;
        public nint Weak;
    }

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate TensorArray Apply(nint* gradients, int count);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate void Deleted();

    [DllImport("torch_cpu", EntryPoint = "aoti_torch_new_uninitialized_tensor", ExactSpelling = true)]
    private static extern int NewUninitializedTensor(nint* handle);

    [DllImport(Library, EntryPoint = "THSAutograd_CSharpNode_ctor", ExactSpelling = true)]
    private static extern Node CreateNode(nint apply, nint deleted);

    [DllImport(Library, EntryPoint = "THSAutograd_CSharpNode_setNextEdges", ExactSpelling = true)]
    private static extern void SetNextEdges(Node node, TensorArray inputs, byte isExecutable);

    [DllImport(Library, EntryPoint = "THSAutograd_CSharpNode_clearInputMetadata", ExactSpelling = true)]
    private static extern void ClearInputMetadata(Node node);

    [DllImport(Library, EntryPoint = "THSAutograd_Function_wrapOutputs", ExactSpelling = true)]
    private static extern void WrapOutputs(TensorArray inputs, TensorArray constant, TensorArray changed, TensorArray outputs, Node node, delegate* unmanaged<nuint, nint*> room);

    [DllImport(Library, EntryPoint = "THSAutograd_CSharpNode_disposeSharedPtr", ExactSpelling = true)]
    private static extern void DisposeShared(Node node);

    [DllImport(Library, EntryPoint = "THSAutograd_CSharpNode_disposeWeakPtr", ExactSpelling = true)]
    private static extern void DisposeWeak(Node node);
}
