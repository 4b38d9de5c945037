using System.Runtime.InteropServices;
using System.Text;
using Distill.Export.Quantization;
using Distill.Weights;

namespace Distill.PeerTests;

/// <summary>
/// llama.cpp through its C interface: the shared libraries of the npm package <c>@node-llama-cpp/linux-x64</c>. Only the
/// handful of functions that the comparisons need; the layouts are those of the release that package-lock.json pins, and
/// <see cref="LoadAsync"/> checks their defaults before anything else is called.
/// </summary>
internal sealed unsafe class LlamaCpp
{
    private static readonly StringBuilder Log = new();
    private static readonly Lazy<Task<LlamaCpp>> Instance = new(() =>
        NodePeer.PackageFileAsync("@node-llama-cpp/linux-x64", "bins", "linux-x64").ContinueWith(installed => Create(installed.GetAwaiter().GetResult()), TaskScheduler.Default));

    private readonly nint _llama;
    private readonly nint _base;

    private LlamaCpp(nint llama, nint ggmlBase) => (_llama, _base) = (llama, ggmlBase);

    /// <summary>Installs the package if need be and loads the libraries, once.</summary>
    public static Task<LlamaCpp> LoadAsync() => Instance.Value;

    /// <summary>Loads a model; throws with llama.cpp's own words when it refuses the file.</summary>
    public LlamaModel Load(string path)
    {
        ModelParameters parameters = ((delegate* unmanaged<ModelParameters>)Function("llama_model_default_params"))();
        parameters.UseExtraBuffers = 0; // no repacking: every weight is computed with as it lies in the file
        lock (Log) Log.Clear();
        nint model = ((delegate* unmanaged<byte*, ModelParameters, nint>)Function("llama_model_load_from_file"))(Utf8(path), parameters);
        if (model != 0) return new LlamaModel(this, model);
        lock (Log) throw new InvalidOperationException($"llama.cpp refuses {path}:\n{Log}");
    }

    /// <summary>Quantises rows as llama.cpp does, with the importance of each column or without.</summary>
    public byte[] QuantizeRows(GgufTensorType type, ReadOnlySpan<float> values, int rowLength, ReadOnlySpan<float> importance = default)
    {
        using var subnormals = new SubnormalNumbers(); // as in a process of its own: other tests leave threads that take them for zero
        var bytes = new byte[type.ByteCount(values.Length)];
        fixed (float* source = values)
        fixed (byte* destination = bytes)
        fixed (float* weights = importance)
        {
            nuint written = ((delegate* unmanaged<int, float*, void*, long, long, long, float*, nuint>)NativeLibrary.GetExport(_base, "ggml_quantize_chunk"))(
                (int)type, source, destination, 0, values.Length / rowLength, rowLength, weights);
            if (written != (nuint)bytes.Length) throw new InvalidOperationException($"ggml_quantize_chunk wrote {written} bytes, expected {bytes.Length}");
        }
        return bytes;
    }

    /// <summary>Reads blocks back as llama.cpp does.</summary>
    public float[] Dequantize(GgufTensorType type, ReadOnlySpan<byte> blocks, int count)
    {
        var values = new float[count];
        TypeTraits* traits = ((delegate* unmanaged<int, TypeTraits*>)NativeLibrary.GetExport(_base, "ggml_get_type_traits"))((int)type);
        if (traits->BlockSize != type.BlockSize() || traits->BlockBytes != (nuint)type.BlockBytes()) throw new InvalidOperationException("ggml lays its type traits out differently");
        fixed (byte* source = blocks)
        fixed (float* destination = values) traits->ToFloat(source, destination, count);
        return values;
    }

    /// <summary>Quantises a whole file as llama-quantize does.</summary>
    /// <param name="source">A file of plain types.</param>
    /// <param name="destination">The file to be written.</param>
    /// <param name="fileType">llama.cpp's number.</param>
    /// <param name="threads">Threads.</param>
    /// <param name="importance">Mean squares by tensor, or null.</param>
    public void QuantizeFile(string source, string destination, int fileType, int threads = 1, IReadOnlyDictionary<string, float[]>? importance = null)
    {
        // Ended by an entry without a name. Leaked, like the names.
        var entries = (ImportanceData*)NativeMemory.AllocZeroed((nuint)(importance?.Count ?? 0) + 1, (nuint)sizeof(ImportanceData));
        foreach (((string name, float[] values), int index) in (importance ?? new Dictionary<string, float[]>()).Select((pair, index) => (pair, index)))
        {
            var copy = (float*)NativeMemory.Alloc((nuint)values.Length, sizeof(float));
            values.CopyTo(new Span<float>(copy, values.Length));
            entries[index] = new ImportanceData { Name = Utf8(name), Values = copy, Count = (nuint)values.Length };
        }
        QuantizeParameters parameters = ((delegate* unmanaged<QuantizeParameters>)Function("llama_model_quantize_default_params"))();
        parameters.Threads = threads;
        parameters.FileType = fileType;
        parameters.Importance = importance is null ? null : entries;
        lock (Log) Log.Clear();
        using var subnormals = new SubnormalNumbers(); // also in the threads that it starts
        uint result = ((delegate* unmanaged<byte*, byte*, QuantizeParameters*, uint>)Function("llama_model_quantize"))(Utf8(source), Utf8(destination), &parameters);
        lock (Log) if (result != 0) throw new InvalidOperationException($"llama.cpp cannot quantise {source}:\n{Log}");
    }

    internal nint BaseFunction(string name) => NativeLibrary.GetExport(_base, name);

    internal nint Function(string name) => NativeLibrary.GetExport(_llama, name);

    // Leaked on purpose: a few bytes per call in a test process, and no lifetime to get wrong.
    internal static byte* Utf8(string text) => (byte*)Marshal.StringToCoTaskMemUTF8(text);

    private static LlamaCpp Create(string folder)
    {
        string llamaPath = Directory.EnumerateFiles(folder, "libllama.*so").Single(), ggmlPath = Directory.EnumerateFiles(folder, "libggml.*so").Single();
        var peer = new LlamaCpp(NativeLibrary.Load(llamaPath), NativeLibrary.Load(Path.Combine(folder, "libggml-base.so")));
        ((delegate* unmanaged<delegate* unmanaged<int, byte*, void*, void>, void*, void>)peer.Function("llama_log_set"))(&OnLog, null);
        ((delegate* unmanaged<byte*, void>)NativeLibrary.GetExport(NativeLibrary.Load(ggmlPath), "ggml_backend_load_all_from_path"))(Utf8(folder));

        ModelParameters model = ((delegate* unmanaged<ModelParameters>)peer.Function("llama_model_default_params"))();
        ContextParameters context = ((delegate* unmanaged<ContextParameters>)peer.Function("llama_context_default_params"))();
        QuantizeParameters quantize = ((delegate* unmanaged<QuantizeParameters>)peer.Function("llama_model_quantize_default_params"))();
        if (model is not { GpuLayers: -1, VocabularyOnly: 0, UseExtraBuffers: 1 }
            || context is not { ContextLength: 512, Batch: 2048, MicroBatch: 512, Sequences: 1, Threads: 4, FlashAttention: -1, EvaluationCallback: 0, KeyType: 1, ValueType: 1 }
            || quantize is not { FileType: 7 } || quantize.Importance != null)
        {
            throw new InvalidOperationException("the installed llama.cpp lays its parameters out differently: adapt the structures below");
        }
        return peer;
    }

    [UnmanagedCallersOnly]
    private static void OnLog(int level, byte* text, void* data)
    {
        lock (Log) Log.Append(Marshal.PtrToStringUTF8((nint)text));
    }

    [StructLayout(LayoutKind.Explicit, Size = 80)]
    private struct ModelParameters
    {
        [FieldOffset(16)] public int GpuLayers;
        [FieldOffset(72)] public byte VocabularyOnly;
        [FieldOffset(74)] public byte UseExtraBuffers;
    }

    [StructLayout(LayoutKind.Explicit, Size = 160)]
    internal struct ContextParameters
    {
        [FieldOffset(0)] public uint ContextLength;
        [FieldOffset(4)] public uint Batch;
        [FieldOffset(8)] public uint MicroBatch;
        [FieldOffset(12)] public uint Sequences;
        [FieldOffset(28)] public int Threads;
        [FieldOffset(32)] public int BatchThreads;
        [FieldOffset(52)] public int FlashAttention;
        [FieldOffset(88)] public nint EvaluationCallback;
        [FieldOffset(96)] public nint EvaluationData;
        [FieldOffset(104)] public int KeyType;
        [FieldOffset(108)] public int ValueType;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct TypeTraits
    {
        public byte* Name;
        public long BlockSize;
        public long Interleaved;
        public nuint BlockBytes;
        public nint IsQuantized;
        public delegate* unmanaged<void*, float*, long, void> ToFloat;
    }

    // The callee writes fewer bytes; the rest is never read.
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct QuantizeParameters
    {
        [FieldOffset(0)] public int Threads;
        [FieldOffset(4)] public int FileType;
        [FieldOffset(24)] public ImportanceData* Importance;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct ImportanceData
    {
        public byte* Name;
        public float* Values;
        public nuint Count;
    }
}
