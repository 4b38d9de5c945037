using System.Runtime.InteropServices;

namespace Distill.PeerTests;

/// <summary>
/// Sums the squares of what enters each column of llama.cpp's weight matrices, from its own computation: its scheduler shows every
/// product of matrices to a callback, as for its imatrix tool.
/// </summary>
internal sealed unsafe class LlamaActivations : IDisposable
{
    private readonly LlamaCpp _peer;
    private readonly GCHandle _self;

    public LlamaActivations(LlamaCpp peer)
    {
        _peer = peer;
        _self = GCHandle.Alloc(this);
    }

    /// <summary>By the matrix's name: sums, [matrices, columns], and how many rows each of its matrices saw.</summary>
    public Dictionary<string, (double[] Sums, long[] Counts)> Entries { get; } = [];

    /// <summary>For the context's parameters.</summary>
    public static nint Callback => (nint)(delegate* unmanaged<Tensor*, byte, nint, byte>)&OnTensor;

    /// <summary>For the context's parameters.</summary>
    public nint UserData => GCHandle.ToIntPtr(_self);

    public void Dispose() => _self.Free();

    [UnmanagedCallersOnly]
    private static byte OnTensor(Tensor* tensor, byte ask, nint data)
    {
        var activations = (LlamaActivations)GCHandle.FromIntPtr(data).Target!;
        bool wanted = activations.IsWanted(tensor, out bool perExpert);
        if (wanted && ask == 0) activations.Add(tensor, perExpert);
        return ask == 0 || wanted ? (byte)1 : (byte)0;
    }

    private bool IsWanted(Tensor* tensor, out bool perExpert)
    {
        string operation = Text(((delegate* unmanaged<Tensor*, byte*>)_peer.BaseFunction("ggml_op_desc"))(tensor));
        perExpert = operation == "MUL_MAT_ID";
        return (perExpert || operation == "MUL_MAT") && Name(tensor->Sources(0)) is { } name && name.StartsWith("blk.", StringComparison.Ordinal) && name.EndsWith(".weight", StringComparison.Ordinal);
    }

    private void Add(Tensor* product, bool perExpert)
    {
        Tensor* weight = product->Sources(0), input = product->Sources(1), ids = product->Sources(2);
        int columns = (int)weight->Sizes[0], matrices = (int)(weight->Sizes[2] * weight->Sizes[3]);
        string name = Name(weight);
        if (!Entries.TryGetValue(name, out (double[] Sums, long[] Counts) entry)) Entries.Add(name, entry = (new double[columns * matrices], new long[matrices]));
        for (long k = 0; k < input->Sizes[2]; k++)
        {
            if (perExpert)
            {
                // [columns, experts used or one, tokens], and the experts' numbers.
                for (long used = 0; used < ids->Sizes[0]; used++)
                    AddRow(entry, *(int*)(ids->Data + (used * ids->Strides[0]) + (k * ids->Strides[1])), columns, input->Data + (used % input->Sizes[1] * input->Strides[1]) + (k * input->Strides[2]));
                continue;
            }
            for (long row = 0; row < input->Sizes[1]; row++) AddRow(entry, (int)(k % matrices), columns, input->Data + (row * input->Strides[1]) + (k * input->Strides[2]));
        }
    }

    private static void AddRow((double[] Sums, long[] Counts) entry, int matrix, int columns, byte* row)
    {
        for (int i = 0; i < columns; i++) entry.Sums[(matrix * columns) + i] += (double)((float*)row)[i] * ((float*)row)[i];
        entry.Counts[matrix]++;
    }

    private string Name(Tensor* tensor) => Text(((delegate* unmanaged<Tensor*, byte*>)_peer.BaseFunction("ggml_get_name"))(tensor));

    private static string Text(byte* text) => Marshal.PtrToStringUTF8((nint)text)!;

    /// <summary>The beginning of ggml's tensor.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 336)]
    private struct Tensor
    {
        [FieldOffset(16)] public fixed long Sizes[4];
        [FieldOffset(48)] public fixed long Strides[4];
        [FieldOffset(152)] private fixed long _sources[10];
        [FieldOffset(248)] public byte* Data;

        public readonly Tensor* Sources(int index) => (Tensor*)_sources[index];
    }
}
