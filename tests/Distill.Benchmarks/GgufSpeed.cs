using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Distill.Export.Gguf;
using Distill.PeerTests;
using Distill.Weights;

namespace Distill.Benchmarks;

/// <summary>
/// The same BF16 file quantised by us and by llama.cpp's <c>llama_model_quantize</c>, with the same number of threads, one after the
/// other in one process; tensors are compared byte by byte on the way. <c>memory</c> quantises a file of a 7B model's shape and
/// reports the peak; its weights are a hole in the file, which costs no disk and is read like any other.
/// </summary>
internal sealed class GgufSpeed : IMeasurement
{
    private static readonly GgufFileType[] Types =
    [
        GgufFileType.Q8_0, GgufFileType.Q4_0, GgufFileType.Q6_K, GgufFileType.Q3_K_M, GgufFileType.Q4_K_M, GgufFileType.Q5_K_M, GgufFileType.IQ4_XS,
    ];

    public string Name => "gguf";

    public string Summary => "quantising a GGUF file against llama_model_quantize, same threads: speed [TYPE…], or the peak memory on a 7B shape: memory [TYPE]";

    public async Task RunAsync(string[] arguments)
    {
        string folder = Path.Combine(Path.GetTempPath(), $"distill-gguf-{Environment.ProcessId}");
        Directory.CreateDirectory(folder);
        try
        {
            GgufFileType[] types = [.. arguments.Skip(1).Select(Enum.Parse<GgufFileType>)];
            if (arguments is ["memory", ..]) Memory(folder, types is [var type, ..] ? type : GgufFileType.Q4_K_M);
            else await SpeedAsync(folder, types.Length > 0 ? types : Types);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task SpeedAsync(string folder, GgufFileType[] types)
    {
        int threads = Environment.ProcessorCount;
        string source = Path.Combine(folder, "bf16.gguf"), ours = Path.Combine(folder, "ours.gguf"), theirs = Path.Combine(folder, "theirs.gguf");
        long parameters = Make(source, layers: 4, hidden: 1536, intermediate: 8960, heads: 12, keyHeads: 2, vocabulary: 32768, random: true);
        LlamaCpp peer = await LlamaCpp.LoadAsync();
        double bytes = new FileInfo(source).Length;
        var copy = Stopwatch.StartNew();
        File.Copy(source, ours, overwrite: true);
        Console.WriteLine($"{parameters / 1e6:0} M weights, {bytes / 1e9:0.00} GB of BF16, {threads} threads; copying the file: {bytes / copy.Elapsed.TotalSeconds / 1e9:0.00} GB/s");
        GgufExport.Write(source, ours, GgufFileType.Q4_K_M, "warm-up");
        foreach (GgufFileType type in types)
        {
            double our = Seconds(() => GgufExport.Write(source, ours, type, "benchmark", new GgufExportSettings { Threads = threads }));
            double their = Seconds(() => peer.QuantizeFile(source, theirs, (int)type, threads));
            our = Math.Min(our, Seconds(() => GgufExport.Write(source, ours, type, "benchmark", new GgufExportSettings { Threads = threads })));
            Console.WriteLine($"{type,-7} ours {our,6:0.00} s ({parameters / our / threads / 1e6,5:0} M weights/s per thread, {bytes / our / 1e9:0.00} GB/s), llama.cpp {their,6:0.00} s: "
                + $"{their / our,5:0.0} times as fast, {(Equal(ours, theirs) ? "same bytes" : "DIFFERENT BYTES")}");
        }
    }

    private static void Memory(string folder, GgufFileType type)
    {
        string source = Path.Combine(folder, "bf16.gguf"), target = Path.Combine(folder, "target.gguf");
        long parameters = Make(source, layers: 28, hidden: 3584, intermediate: 18944, heads: 28, keyHeads: 4, vocabulary: 152064, random: false);
        double seconds = Seconds(() => GgufExport.Write(source, target, type, "benchmark"));
        using var process = Process.GetCurrentProcess();
        Console.WriteLine($"{parameters / 1e9:0.0} B weights, {new FileInfo(source).Length / 1e9:0.0} GB to {new FileInfo(target).Length / 1e9:0.0} GB ({type}) in {seconds:0} s: "
            + $"peak {process.PeakWorkingSet64 / 1e6:0} MB ({process.PeakWorkingSet64 / 600e6:0.00} of 600 MB)");
    }

    private static double Seconds(Action work)
    {
        var clock = Stopwatch.StartNew();
        work();
        return clock.Elapsed.TotalSeconds;
    }

    private static bool Equal(string first, string second)
    {
        using GgufReader a = GgufReader.Open(first), b = GgufReader.Open(second);
        return a.Tensors.Count == b.Tensors.Count && a.Tensors.All(tensor =>
            b.TryGet(tensor.Name, out GgufTensorInfo? other) && tensor.Type == other.Type && a.Bytes(tensor).SequenceEqual(b.Bytes(other)));
    }

    // A Qwen2 file with all that llama.cpp needs to quantise it: the shape, and the tensors.
    private static long Make(string path, int layers, int hidden, int intermediate, int heads, int keyHeads, int vocabulary, bool random)
    {
        var metadata = new GgufMetadata
        {
            { "general.architecture", "qwen2" }, { "qwen2.block_count", (uint)layers }, { "qwen2.context_length", 4096u }, { "qwen2.embedding_length", (uint)hidden },
            { "qwen2.feed_forward_length", (uint)intermediate }, { "qwen2.attention.head_count", (uint)heads }, { "qwen2.attention.head_count_kv", (uint)keyHeads },
            { "qwen2.attention.layer_norm_rms_epsilon", 1e-6f }, { "general.file_type", 32u }, { "tokenizer.ggml.model", "none" },
        };
        int keys = hidden / heads * keyHeads;
        List<GgufTensorLayout> tensors = [Matrix("token_embd", vocabulary, hidden), Vector("output_norm.weight", hidden), Matrix("output", vocabulary, hidden)];
        for (int layer = 0; layer < layers; layer++)
        {
            string prefix = string.Create(CultureInfo.InvariantCulture, $"blk.{layer}.");
            tensors.AddRange(
            [
                Vector(prefix + "attn_norm.weight", hidden), Matrix(prefix + "attn_q", hidden, hidden), Matrix(prefix + "attn_k", keys, hidden), Matrix(prefix + "attn_v", keys, hidden),
                Vector(prefix + "attn_q.bias", hidden), Vector(prefix + "attn_k.bias", keys), Vector(prefix + "attn_v.bias", keys), Matrix(prefix + "attn_output", hidden, hidden),
                Vector(prefix + "ffn_norm.weight", hidden), Matrix(prefix + "ffn_gate", intermediate, hidden), Matrix(prefix + "ffn_up", intermediate, hidden), Matrix(prefix + "ffn_down", hidden, intermediate),
            ]);
        }
        GgufWriter.Write(path, metadata, [.. tensors.Select((tensor, index) => new GgufTensorToWrite(tensor.Name, tensor.Type, tensor.Shape, stream =>
        {
            if (random) WriteRandom(tensor, index, stream);
            else stream.SetLength(stream.Seek(tensor.ByteCount, SeekOrigin.Current));
        }))]);
        return tensors.Sum(tensor => tensor.ElementCount);
    }

    // Normal, like a trained model's weights; a few outliers.
    private static void WriteRandom(GgufTensorLayout tensor, int seed, Stream stream)
    {
        var random = new Random(seed);
        var values = new float[1 << 16];
        var narrow = new ushort[values.Length];
        for (long left = tensor.ElementCount; left > 0; left -= values.Length)
        {
            int count = (int)Math.Min(values.Length, left);
            for (int i = 0; i < count; i++)
            {
                float sum = random.NextSingle() + random.NextSingle() + random.NextSingle() + random.NextSingle() - 2;
                values[i] = 0.035f * sum * (random.Next(1000) == 0 ? 8 : 1);
            }
            FloatConversion.SingleToBFloat16(values.AsSpan(0, count), narrow);
            stream.Write(tensor.Type == GgufTensorType.F32 ? MemoryMarshal.AsBytes(values.AsSpan(0, count)) : MemoryMarshal.AsBytes(narrow.AsSpan(0, count)));
        }
    }

    private static GgufTensorLayout Matrix(string name, long rows, long columns) => new(name + ".weight", GgufTensorType.BF16, [rows, columns]);

    private static GgufTensorLayout Vector(string name, long length) => new(name, GgufTensorType.F32, [length]);
}
