using Distill.Tests.Chat;

namespace Distill.Benchmarks.Chat;

/// <summary>Damaged tokenizer.json files and strange templates, many more than the tests take.</summary>
internal sealed class ChatFuzz : IMeasurement
{
    public string Name => "chat-fuzz";

    public string Summary => "damaged tokenizer.json files and templates; arguments: tokenizer or template, a seed, how many (1, 250000)";

    public Task RunAsync(string[] arguments)
    {
        int seed = arguments.Length > 1 ? int.Parse(arguments[1]) : 1, count = arguments.Length > 2 ? int.Parse(arguments[2]) : 250_000;
        if (arguments is [] or ["tokenizer", ..]) Report("tokenizer.json", TokenizerFuzz.Run(seed, count));
        if (arguments is [] or ["template", ..]) Report("templates", TemplateFuzz.Run(seed, count));
        return Task.CompletedTask;
    }

    private static void Report(string kind, FuzzTally tally)
    {
        Console.WriteLine($"{kind}: {tally}");
        Console.WriteLine($"  slowest: {tally.SlowestInput.ReplaceLineEndings(" ")}");
    }
}
