using System.Diagnostics;
using System.Globalization;
using Distill.Models;
using Distill.Tests.Weights;
using Distill.Weights;
using static TorchSharp.torch;

namespace Distill.Benchmarks;

/// <summary>Opening a checkpoint of 70B parameters, and loading one of half a billion.</summary>
internal sealed class WeightsMeasurement : IMeasurement
{
    private const int Rounds = 5;

    // The shape of Qwen2.5-0.5B.
    private static readonly ModelConfig HalfBillion = new()
    {
        Architecture = Architecture.Qwen2,
        VocabSize = 151936,
        HiddenSize = 896,
        IntermediateSize = 4864,
        NumHiddenLayers = 24,
        NumAttentionHeads = 14,
        NumKeyValueHeads = 2,
        HeadDim = 64,
        MaxPositionEmbeddings = 32768,
        TieWordEmbeddings = true,
    };

    public string Name => "weights";

    public string Summary => "open 70B against reading its headers; load 0.5B in bfloat16 against copying its bytes";

    public Task RunAsync(string[] arguments)
    {
        string folder = Directory.CreateTempSubdirectory("distill-weights-").FullName;
        try
        {
            Open(Path.Combine(folder, "70b"));
            Load(Path.Combine(folder, "half"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
        return Task.CompletedTask;
    }

    private static void Open(string folder)
    {
        long bytes = SparseCheckpoint.Write(folder, SparseCheckpoint.Llama70B);
        double headers = Best(() =>
        {
            foreach (string path in Directory.EnumerateFiles(folder))
            {
                using FileStream file = File.OpenRead(path);
                using var reader = new BinaryReader(file);
                if (path.EndsWith(".json", StringComparison.Ordinal)) reader.ReadBytes((int)file.Length);
                else reader.ReadBytes((int)reader.ReadInt64());
            }
        });
        long before = ResidentBytes();
        double open = Best(() =>
        {
            using IWeightSource source = WeightSource.Open(folder);
            ModelWeights.RequireFit(SparseCheckpoint.Llama70B, source);
        });
        Print($"open {bytes / 1e9:0} GB in 30 shards, every shape checked: {open * 1000:0.0} ms, resident {Math.Max(0, ResidentBytes() - before) >> 20} MB more; reading the headers alone {headers * 1000:0.0} ms; ratio {open / headers:0.0}");
    }

    private static void Load(string folder)
    {
        TorchRuntime.Initialize();
        Directory.CreateDirectory(folder);
        ModelConfigFile.Save(HalfBillion, folder, TensorType.BF16);
        var noise = new byte[64 << 20];
        new Random(1).NextBytes(noise);
        WeightFolder.Write(folder, [.. CheckpointTensors.Of(HalfBillion).Select(tensor => new TensorToWrite(tensor.Name, TensorType.BF16, tensor.Shape, stream =>
        {
            for (long left = 2 * tensor.Shape.Aggregate((a, b) => a * b); left > 0; left -= noise.Length) stream.Write(noise.AsSpan(0, (int)Math.Min(left, noise.Length)));
        }))]);
        string path = Path.Combine(folder, WeightSource.SingleFileName);
        double copy = Best(() =>
        {
            using FileStream file = File.OpenRead(path);
            while (file.Read(noise) > 0) { }
        });
        double load = Best(() => ModelWeights.Load(folder, CPU).Dispose());
        double parameters = HalfBillion.ParameterCount();
        Print($"load {parameters / 1e6:0} M parameters from bfloat16 into single precision: {load:0.00} s, {parameters * 4 / load / 1e9:0.0} GB/s written; copying the file's bytes {copy:0.00} s; ratio {load / copy:0.0}");
    }

    private static double Best(Action action) => Enumerable.Range(0, Rounds).Select(_ =>
    {
        long start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }).Min();

    private static long ResidentBytes()
    {
        GC.Collect();
        using var process = Process.GetCurrentProcess();
        return process.WorkingSet64;
    }

    private static void Print(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
