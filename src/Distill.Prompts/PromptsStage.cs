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

    /// <summary>Writes <c>prompts.jsonl</c>: basic problems first, then hard ones.</summary>
    /// <exception cref="InputException">No problems are asked for, or the folder cannot be written.</exception>
    public static Task<PromptsResult> RunAsync(PromptsOptions options, IProgress<ProgressEvent> progress, CancellationToken cancellation)
    {
        if (options.Basic < 0 || options.Hard < 0 || options.Basic + options.Hard == 0)
            throw new InputException("prompts: no problems are asked for", "set `basic`, `hard` or both to a positive number");
        int total = options.Basic + options.Hard, written = 0;
        var prompts = ArithmeticProblems.Generate(ArithmeticSplit.Basic, options.Basic, options.Seed, options.HeldOut)
            .Concat(ArithmeticProblems.Generate(ArithmeticSplit.Hard, options.Hard, options.Seed, options.HeldOut))
            .Select(prompt =>
            {
                cancellation.ThrowIfCancellationRequested();
                if (++written % 1000 == 0) progress.Report(new("prompts", written, total, "prompts"));
                return prompt;
            });
        JsonlPromptWriter.Write(Path.Combine(options.Out, FileName), prompts);
        progress.Report(new("prompts", total, total, "prompts"));
        return Task.FromResult(new PromptsResult(total));
    }
}
