using Distill.Chat;
using Distill.Models;
using Distill.Runs;
using Distill.Traces;
using Distill.Verification;
using Distill.Weights;

namespace Distill.Export.Quantization;

/// <summary>Computes an imatrix: lets the model itself read calibration text and records what enters its weight matrices.</summary>
internal static class ImportanceMeasurement
{
    /// <summary>Most tokens of one chunk of text.</summary>
    public const int ChunkSize = 512;

    // 128 Ki tokens, as much as calibration files have; more changes hardly a bit.
    private const int MostChunks = 256;

    // Shorter pieces say more about the beginnings of texts than about texts.
    private const int ShortestChunk = 16;

    /// <summary>Measures a model.</summary>
    /// <param name="folder">Model folder in Hugging Face's layout.</param>
    /// <param name="calibration">Traces (those judged correct are read, as the model is asked for them) or a text file.</param>
    /// <param name="progress">Receives one event per chunk.</param>
    /// <param name="cancellation">Stops between chunks.</param>
    /// <exception cref="InputException">Model or text cannot be used, or there is too little text.</exception>
    public static ImportanceMatrix Measure(string folder, string calibration, IProgress<ProgressEvent>? progress, CancellationToken cancellation)
    {
        ModelConfig config = ModelConfigFile.Load(folder);
        int length = Math.Min(ChunkSize, config.MaxPositionEmbeddings);
        int[][] chunks = [.. Chunks(folder, calibration, length).Where(chunk => chunk.Length >= ShortestChunk).Take(MostChunks)];
        if (chunks.Length == 0) throw new InputException($"{calibration}: holds no text of {ShortestChunk} tokens to calibrate on", "give correct traces, or a longer text file");
        TorchRuntime.Initialize();
        using var statistics = ActivationStatistics.Of(folder, TorchRuntime.Devices("cpu"));
        for (int i = 0; i < chunks.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            statistics.Read(chunks[i]);
            progress?.Report(new ProgressEvent("measure imatrix", i + 1, chunks.Length, "chunks"));
        }
        return new ImportanceMatrix("imatrix.gguf", [Path.GetFileName(Path.TrimEndingDirectorySeparator(calibration))], chunks.Length, length, Entries(config, statistics));
    }

    // The experts of a layer stand behind each other, each with a count of its own; so do the heads of the two halves of kv_b_proj, with one count.
    private static Dictionary<string, ImportanceEntry> Entries(ModelConfig config, ActivationStatistics statistics)
    {
        var entries = new Dictionary<string, ImportanceEntry>(StringComparer.Ordinal);
        foreach ((string name, float[] sums, long tokens) in statistics.Results())
        {
            if (GgufTensorNames.KeyValueUpLayer(name) is not null || GgufTensorNames.ToGguf(name, out int? expert) is not { } gguf) continue;
            int matrices = expert is null ? 1 : config.Mixture!.NRoutedExperts;
            if (!entries.TryGetValue(gguf, out ImportanceEntry? entry)) entries.Add(gguf, entry = new ImportanceEntry(new float[sums.Length * matrices], new float[matrices]));
            sums.CopyTo(entry.Sums, (expert ?? 0) * sums.Length);
            entry.Counts[expert ?? 0] = tokens;
        }
        foreach ((int layer, float[] key, float[] value, long tokens) in statistics.HeadResults())
        {
            entries.Add(GgufTensorNames.KeyPart(layer), new ImportanceEntry(key, [tokens]));
            entries.Add(GgufTensorNames.ValuePart(layer), new ImportanceEntry(value, [tokens]));
        }
        return entries;
    }

    private static IEnumerable<int[]> Chunks(string folder, string calibration, int length)
    {
        ModelTokenizer tokenizer = ModelTokenizer.Load(folder);
        bool isTraces = Directory.Exists(calibration) || Path.GetExtension(calibration).ToLowerInvariant() is ".parquet" or ".jsonl" or ".json";
        return isTraces ? OfTraces(tokenizer, ChatTemplate.Load(folder), calibration, length) : OfText(tokenizer, calibration, length);
    }

    private static IEnumerable<int[]> OfTraces(ModelTokenizer tokenizer, ChatTemplate template, string path, int length)
    {
        foreach (Trace trace in TraceDataset.Read(path))
        {
            if (trace.Verdict.Outcome != Outcome.Correct) continue;
            int[] prompt = tokenizer.Encode(template.Render(trace.Prompt.Messages, addGenerationPrompt: true));
            string completion = ReasoningSplit.Join(trace.Completion.Reasoning, trace.Completion.Answer, template.StartsInReasoning);
            foreach (int[] chunk in prompt.Concat(tokenizer.Encode(completion)).Chunk(length)) yield return chunk;
        }
    }

    // Like llama.cpp's tool: whole chunks, each beginning with the token that begins texts, if the model has one.
    private static IEnumerable<int[]> OfText(ModelTokenizer tokenizer, string path, int length)
    {
        string text;
        try
        {
            text = File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be read ({e.Message})", "give a text file, or a folder of traces, with `--calibration`", inner: e);
        }
        bool begins = tokenizer.AddBosToken && tokenizer.BosTokenId is not null;
        int[] tokens = tokenizer.Encode(text);
        if (begins) tokens = [tokenizer.BosTokenId!.Value, .. tokens];
        if (tokens.Length < length) yield return tokens;
        for (int start = 0; start + length <= tokens.Length; start += length)
        {
            int[] chunk = tokens[start..(start + length)];
            if (begins) chunk[0] = tokenizer.BosTokenId!.Value;
            yield return chunk;
        }
    }
}
