using Distill.Runs;

namespace Distill.Prompts;

/// <summary>What the <c>prompts</c> stage wrote.</summary>
/// <param name="Prompts">Number of prompts.</param>
public sealed record PromptsResult(int Prompts);

/// <summary>The <c>prompts</c> stage: generated problems as a prompts file.</summary>
public static class PromptsStage
{
    /// <summary>Name of the file in the stage folder.</summary>
    public const string FileName = "prompts.jsonl";

    /// <summary>Writes <c>prompts.jsonl</c>: short problems first, then basic, then hard ones.</summary>
    /// <exception cref="InputException">No problems are asked for, or the folder cannot be written.</exception>
    public static Task<PromptsResult> RunAsync(PromptsOptions options, IProgress<ProgressEvent> progress, CancellationToken cancellation)
    {
        (ArithmeticSplit Split, int Count)[] parts =
            [(ArithmeticSplit.Short, options.Short), (ArithmeticSplit.Basic, options.Basic), (ArithmeticSplit.Hard, options.Hard)];
        options.Check();
        int total = parts.Sum(part => part.Count), written = 0;
        var prompts = parts.SelectMany(part => ArithmeticProblems.Generate(part.Split, part.Count, options.Seed, options.HeldOut))
            .DistinctBy(prompt => prompt.Id) // a short problem may come up among the basic ones too
            .Select(prompt =>
            {
                cancellation.ThrowIfCancellationRequested();
                if (++written % 1000 == 0) progress.Report(new("prompts", written, total, "prompts"));
                return prompt;
            });
        JsonlPromptWriter.Write(Path.Combine(options.Out, FileName), prompts);
        progress.Report(new("prompts", written, written, "prompts"));
        return Task.FromResult(new PromptsResult(written));
    }
}
