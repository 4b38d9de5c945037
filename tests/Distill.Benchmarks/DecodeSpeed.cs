using System.Diagnostics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Distill.Chat;
using Distill.Export.Gguf;
using Distill.Inference;
using Distill.Models;
using Distill.PeerTests;
using Distill.Tests;
using Distill.Weights;
using TorchSharp;

namespace Distill.Benchmarks;

/// <summary>
/// Greedy decoding by our engine and by llama.cpp from the same F32 GGUF file of Qwen2.5-0.5B's shape (random weights), same threads, in turn in one process,
/// beside what the memory allows: at batch 1 every token reads every weight once.
/// </summary>
internal sealed class DecodeSpeed : IMeasurement
{
    private const int PromptLength = 8, Rounds = 3;

    private static readonly int Threads = Environment.ProcessorCount;

    public string Name => "decode";

    public string Summary => "tokens/s against llama.cpp on the same F32 file, and the limit of the memory: [batch sizes, 1 and 16] [tokens=32] [gguf=FILE to use or make] [alone: without the peer]";

    public Task RunAsync(string[] arguments)
    {
        int tokens = int.Parse(Flag("tokens") ?? "32");
        int[] batches = [.. arguments.Where(argument => int.TryParse(argument, out _)).Select(int.Parse)];
        using var folder = new TemporaryFolder();
        string gguf = Flag("gguf") ?? folder["model.gguf"];
        if (!File.Exists(gguf)) MakeModel(folder["model"], gguf);

        TorchRuntime.Initialize(Threads);
        using var file = GgufReader.Open(gguf);
        using var weights = new GgufWeights(file);
        using var ours = new TorchLanguageModel(ModelWeights.Load(GgufModelConfig.Read(file), weights, new DeviceMap([torch.CPU])));
        LlamaCpp peer = LlamaCpp.LoadAsync().GetAwaiter().GetResult();
        using LlamaModel theirs = peer.Load(gguf);
        double bytes = weights.Tensors.Sum(tensor => 4.0 * tensor.ElementCount), bandwidth = ReadBandwidth();
        Console.WriteLine($"{bytes / 1e9:0.00} GB of weights, {Threads} threads, reading {bandwidth / 1e9:0.0} GB/s: at most {bandwidth / bytes:0.0} tokens/s a sequence");
        foreach (int batch in batches.Length > 0 ? batches : [1, 16]) Compare(ours, arguments.Contains("alone") ? null : theirs, batch, tokens, bandwidth / bytes);
        return Task.CompletedTask;

        string? Flag(string name) => arguments.FirstOrDefault(argument => argument.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..];
    }

    private static void Compare(TorchLanguageModel ours, LlamaModel? theirs, int batch, int tokens, double limit)
    {
        Decoded our = Decoded.None, plain = Decoded.None, flash = Decoded.None;
        for (int round = 0; round < Rounds; round++)
        {
            our = our.OrFaster(Ours(ours, batch, tokens));
            if (theirs is null) continue;
            plain = plain.OrFaster(Theirs(theirs, batch, tokens, flash: false));
            flash = flash.OrFaster(Theirs(theirs, batch, tokens, flash: true));
        }
        Decoded their = plain.OrFaster(flash);
        Console.WriteLine($"batch {batch,2}: ours {our.Speed,6:0.0} tokens/s, llama.cpp {plain.Speed:0.0}, with flash attention {flash.Speed:0.0}: "
            + $"{our.Speed / their.Speed:0.00} times as fast; a step in {limit * batch / our.Speed:0.00} times the memory's own (llama.cpp {limit * batch / their.Speed:0.00}); "
            + $"{our.Tokens.Zip(their.Tokens).TakeWhile(pair => pair.First == pair.Second).Count()} of {tokens} tokens alike");
    }

    private static Decoded Ours(TorchLanguageModel model, int batch, int tokens)
    {
        int[] prompt = Prompt(model.VocabularySize);
        using IDecodingSession session = model.StartSession(PromptLength + tokens);
        float[] logits = new float[batch * model.VocabularySize];
        session.Prefill([.. Enumerable.Repeat(prompt, batch)], logits);
        return Decode(batch, tokens, row => logits.AsSpan(row * model.VocabularySize, model.VocabularySize), next => session.Step(next, logits));
    }

    private static Decoded Theirs(LlamaModel model, int batch, int tokens, bool flash)
    {
        using LlamaDecoding decoding = model.StartDecoding(new(batch, 256, Threads, flash));
        decoding.Prefill(Prompt(model.VocabularySize));
        return Decode(batch, tokens, decoding.Logits, next => decoding.Step(next));
    }

    // Both pay for choosing the token.
    private static Decoded Decode(int batch, int tokens, Func<int, ReadOnlySpan<float>> logits, Action<int[]> step)
    {
        Sampler[] samplers = [.. Enumerable.Range(0, batch).Select(_ => new Sampler(new SamplingOptions { Temperature = 0 }))];
        var next = new int[batch];
        var firstRow = new List<int>();
        var seconds = new List<double>();
        for (int i = 0; i < tokens; i++)
        {
            long started = Stopwatch.GetTimestamp();
            for (int row = 0; row < batch; row++) next[row] = samplers[row].Draw(logits(row));
            step(next);
            seconds.Add(Stopwatch.GetElapsedTime(started).TotalSeconds);
            firstRow.Add(next[0]);
        }
        return new Decoded(batch * tokens / seconds.Sum(), firstRow);
    }

    private static int[] Prompt(int vocabulary) => [.. Enumerable.Range(1, PromptLength).Select(i => i * 7919 % vocabulary)];

    private static void MakeModel(string folder, string gguf)
    {
        var config = new ModelConfig
        {
            Architecture = Distill.Models.Architecture.Qwen2,
            VocabSize = 151_936,
            HiddenSize = 896,
            IntermediateSize = 4864,
            NumHiddenLayers = 24,
            NumAttentionHeads = 14,
            NumKeyValueHeads = 2,
            HeadDim = 64,
            MaxPositionEmbeddings = 32_768,
            TieWordEmbeddings = true,
            RopeTheta = 1e6,
            EosTokenIds = [TinyModels.BosTokenId + 1],
        };
        TinyModels.Write(folder, config);
        GgufExport.Write(folder, gguf, GgufFileType.F32, "decode");
        Directory.Delete(folder, recursive: true);
    }

    // What two threads can read of a gigabyte that no cache holds, best of five.
    private static unsafe double ReadBandwidth()
    {
        const int length = 256 << 20;
        float* values = (float*)NativeMemory.Alloc(length, sizeof(float));
        new Span<float>(values, length).Fill(1);
        double best = 0;
        for (int round = 0; round < 5; round++)
        {
            long started = Stopwatch.GetTimestamp();
            Parallel.For(0, Threads, new ParallelOptions { MaxDegreeOfParallelism = Threads }, part =>
                TensorPrimitives.Sum(new ReadOnlySpan<float>(values + (part * (length / Threads)), length / Threads)));
            best = Math.Max(best, length * sizeof(float) / Stopwatch.GetElapsedTime(started).TotalSeconds);
        }
        NativeMemory.Free(values);
        return best;
    }

    /// <summary>One run: tokens per second of all sequences, and what the first one said.</summary>
    private sealed record Decoded(double Speed, List<int> Tokens)
    {
        public static Decoded None => new(0, []);

        public Decoded OrFaster(Decoded other) => other.Speed > Speed ? other : this;
    }
}
