using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;
using Distill.Models;
using Distill.Runs;
using Distill.Weights;

namespace Distill.Tests.Weights;

/// <summary>
/// Feeds damaged files to the readers of safetensors, their index, config.json and GGUF. A reader may accept a file or throw
/// <see cref="InputException"/>; anything else, a second of work, or memory out of proportion to the file is a finding.
/// </summary>
internal sealed class ReaderFuzz(int seed)
{
    /// <summary>The readers.</summary>
    public static IReadOnlyList<string> Readers { get; } = ["safetensors", "index", "config", "gguf"];

    // Reading allocates names, texts and lists, several bytes of .NET for one of the file; a claim of gigabytes is another size class.
    private const int BytesPerFileByte = 64, FixedBytes = 1 << 20;

    private static readonly ulong[] Telling = [0, 1, 2, 7, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFF_FFFF, 0xFFFF_FFFF, 1UL << 40, long.MaxValue, ulong.MaxValue];
    private static readonly string[] TellingTexts = ["0", "-1", "1e308", "99999999999999999999", "1.5", "null", "true", "[]", "{}", "\"\"", "\"x\"", "[[[[[[[[", "\\ud800", "128", "F8_E4M3", ":", ","];

    private readonly Random _random = new(seed);

    /// <summary>Reads damaged files.</summary>
    /// <param name="reader">One of <see cref="Readers"/>.</param>
    /// <param name="count">How many.</param>
    /// <returns>How many were refused.</returns>
    public int Run(string reader, int count)
    {
        byte[][] seeds = Seeds(reader);
        int refused = 0;
        for (int i = 0; i < count; i++)
        {
            byte[] damaged = Damage(seeds[_random.Next(seeds.Length)], text: reader is "config" or "index");
            long start = Stopwatch.GetTimestamp(), before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                Read(reader, damaged);
            }
            catch (InputException)
            {
                refused++;
            }
            catch (Exception e)
            {
                throw Finding(reader, i, damaged, e.ToString());
            }
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            if (allocated > FixedBytes + ((long)BytesPerFileByte * damaged.Length)) throw Finding(reader, i, damaged, $"allocated {allocated} bytes");
            if (Stopwatch.GetElapsedTime(start) > TimeSpan.FromSeconds(1) && Enumerable.Range(0, 10).All(_ => SecondTime(reader, damaged) > TimeSpan.FromSeconds(1))) throw Finding(reader, i, damaged, "took more than a second");
        }
        return refused;
    }

    /// <summary>Reads a file as the product does: all of its head, and some of its values.</summary>
    public static void Read(string reader, byte[] file)
    {
        switch (reader)
        {
            case "safetensors":
                SafetensorsFile.CheckHead("x.safetensors", file, file.Length);
                break;
            case "index":
                ShardedWeights.ParseIndex("x.index.json", file);
                break;
            case "config":
                ModelConfig config = ModelConfigFile.Parse("config.json", file);
                _ = config.RotaryFrequencies();
                break;
            default:
                ReadGguf(file);
                break;
        }
    }

    private static unsafe void ReadGguf(byte[] file)
    {
        fixed (byte* start = file)
        {
            using var reader = GgufReader.Open(new MappedFile("x.gguf", start, file.Length));
            using var weights = new GgufWeights(reader);
            var values = new float[8];
            foreach (TensorInfo tensor in weights.Tensors.Where(tensor => tensor.Type.IsFloat())) weights.ReadFloats(tensor, 0, values.AsSpan(0, (int)Math.Min(8, tensor.ElementCount)));
            _ = GgufModelConfig.Read(reader).RotaryFrequencies();
        }
    }

    private static TimeSpan SecondTime(string reader, byte[] damaged)
    {
        long start = Stopwatch.GetTimestamp();
        try
        {
            Read(reader, damaged);
        }
        catch (InputException) { }
        return Stopwatch.GetElapsedTime(start);
    }

    private InvalidOperationException Finding(string reader, int index, byte[] damaged, string what) =>
        new($"{reader}, seed {seed}, input {index}: {what}\n{Convert.ToBase64String(damaged)}");

    private byte[] Damage(byte[] whole, bool text)
    {
        var bytes = new List<byte>(whole);
        for (int changes = _random.Next(1, 5); changes > 0 && bytes.Count > 0; changes--)
        {
            int at = _random.Next(bytes.Count), length = Math.Min(_random.Next(1, 24), bytes.Count - at);
            switch (_random.Next(text ? 7 : 6))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << _random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)_random.Next(256);
                    break;
                case 2:
                    bytes.RemoveRange(at, length);
                    break;
                case 3:
                    bytes.InsertRange(at, bytes.GetRange(_random.Next(bytes.Count - length + 1), length));
                    break;
                case 4:
                    if (_random.Next(4) == 0) bytes.RemoveRange(at, bytes.Count - at);
                    break;
                case 5:
                    if (text || _random.Next(3) == 0) PutText(bytes, at);
                    else PutNumber(bytes, at);
                    break;
                default:
                    ReplaceValue(bytes, at);
                    break;
            }
        }
        return [.. bytes];
    }

    private void PutNumber(List<byte> bytes, int at)
    {
        Span<byte> number = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(number, Telling[_random.Next(Telling.Length)]);
        int width = 1 << _random.Next(4);
        for (int i = 0; i < width && at + i < bytes.Count; i++) bytes[at + i] = number[i];
    }

    private void PutText(List<byte> bytes, int at) => bytes.InsertRange(at, Encoding.UTF8.GetBytes(TellingTexts[_random.Next(TellingTexts.Length)]));

    // From after a colon to the next comma: the JSON stays valid more often, and the reader gets further.
    private void ReplaceValue(List<byte> bytes, int at)
    {
        int start = bytes.IndexOf((byte)':', at) + 1;
        if (start == 0) return;
        int end = start;
        while (end < bytes.Count && bytes[end] is not ((byte)',' or (byte)'}' or (byte)']')) end++;
        bytes.RemoveRange(start, end - start);
        PutText(bytes, start);
    }

    private static byte[][] Seeds(string reader)
    {
        using var folder = new TemporaryFolder();
        if (reader == "index") return [Encoding.UTF8.GetBytes("""{"metadata":{"total_size":16},"weight_map":{"a.weight":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"}}""")];
        ModelConfig[] shapes =
        [
            TinyModels.Dense(Architecture.Llama) with { RopeScaling = new Llama3RopeScaling(8, 1, 4, 64) },
            TinyModels.Dense(Architecture.Qwen3) with { RopeScaling = new LinearRopeScaling(2), HeadDim = 24 },
            TinyModels.MixtureOfExperts(groups: 2) with { NumHiddenLayers = 2, RopeScaling = new YarnRopeScaling { Factor = 4, OriginalMaxPositionEmbeddings = 64, Mscale = 1, MscaleAllDim = 1 } },
        ];
        return [.. shapes.Select((shape, i) => Seed(reader, Small(shape), folder[$"{i}"]))];
    }

    private static ModelConfig Small(ModelConfig shape) => shape with { VocabSize = 8, NumHiddenLayers = Math.Min(shape.NumHiddenLayers, 2), HiddenSize = 8, IntermediateSize = 8 };

    private static byte[] Seed(string reader, ModelConfig shape, string folder)
    {
        Directory.CreateDirectory(folder);
        if (reader == "config")
        {
            ModelConfigFile.Save(shape, folder);
            return File.ReadAllBytes(Path.Combine(folder, ModelConfigFile.FileName));
        }
        if (reader == "safetensors")
        {
            WeightFolder.Write(folder, [TensorToWrite.OfFloats("a.weight", [2, 3], new float[6]), TensorToWrite.OfFloats("b", [4], new float[4]), new("c", TensorType.F8E4M3, [5], stream => stream.Write(new byte[5]))]);
            return File.ReadAllBytes(Path.Combine(folder, WeightSource.SingleFileName));
        }
        GgufMetadata metadata = [];
        metadata.Add("general.architecture", GgufModelConfig.ArchitectureName(shape));
        metadata.Add("tokenizer.ggml.tokens", new[] { "a", "b", "" });
        metadata.Add("tokenizer.ggml.token_type", new[] { 1, 3, 1 });
        metadata.Add("tokenizer.ggml.eos_token_id", 2u);
        GgufModelConfig.Append(metadata, shape);
        string path = Path.Combine(folder, "x.gguf");
        GgufWriter.Write(path, metadata, [.. GgufTensors(shape)]);
        return File.ReadAllBytes(path);
    }

    private static IEnumerable<GgufTensorToWrite> GgufTensors(ModelConfig shape)
    {
        yield return Zeros(GgufTensorNames.TokenEmbedding, GgufTensorType.F32, [shape.VocabSize, shape.HiddenSize]);
        if (GgufRopeScaling.Divisors(shape) is { } divisors) yield return new(GgufTensorNames.RopeFactors, GgufTensorType.F32, [divisors.Length], stream => stream.Write(System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(divisors)));
        yield return Zeros("blk.0.attn_norm.weight", GgufTensorType.F32, [shape.HiddenSize]);
        if (shape.Latent is not { } latent)
        {
            yield return Zeros("blk.0.attn_q.weight", GgufTensorType.Q8_0, [shape.NumAttentionHeads * shape.HeadDim, 32]);
            yield break;
        }
        yield return Zeros("blk.0.attn_k_b.weight", GgufTensorType.F16, [shape.NumAttentionHeads, latent.KvLoraRank, latent.QkNopeHeadDim]);
        yield return Zeros("blk.0.attn_v_b.weight", GgufTensorType.BF16, [shape.NumAttentionHeads, latent.VHeadDim, latent.KvLoraRank]);
        yield return Zeros("blk.1.ffn_up_exps.weight", GgufTensorType.F16, [4, 8, 8]);
    }

    private static GgufTensorToWrite Zeros(string name, GgufTensorType type, long[] shape) =>
        new(name, type, shape, stream => stream.Write(new byte[type.ByteCount(shape.Aggregate((a, b) => a * b))]));
}
