using Distill.Chat;
using Distill.Prompts;
using Distill.Traces;
using Distill.Verification;

namespace Distill.Tests.Traces;

/// <summary>Traces for tests, each different in every field that the index can reach.</summary>
internal static class SampleTraces
{
    public static Trace Make(int index, Outcome outcome = Outcome.Correct, FinishReason finish = FinishReason.Stop, string? prompt = null,
        string? reasoning = null, string? answer = null, int? tokens = null, bool unclosed = false)
    {
        string think = reasoning ?? $"step {index}: 2+{index}={2 + index}", final = answer ?? $"\\boxed{{{2 + index}}}";
        return new Trace
        {
            Id = $"trace-{index}",
            Prompt = prompt is null ? Prompt.FromUser($"Compute 2+{index}.", $"{2 + index}", "arithmetic/basic", $"2+{index}={2 + index}") : Prompt.FromUser(prompt, "7"),
            SampleIndex = index,
            Teacher = "tiny-r1@3fa9c1",
            Sampling = new SamplingOptions { Temperature = 0.6, TopP = 0.95, TopK = 20, MaxTokens = 512, Seed = long.MaxValue - index },
            Completion = new Completion
            {
                RawText = $"{think}\n</think>\n\n{final}",
                Reasoning = think,
                Answer = final,
                ReasoningUnclosed = unclosed,
                FinishReason = finish,
                PromptTokens = 10 + index,
                CompletionTokens = tokens ?? 20 + index,
                EndState = finish switch { FinishReason.Error => EndState.Failed, FinishReason.Length => EndState.Truncated, _ => unclosed ? EndState.UnclosedThink : EndState.Complete },
                Origin = new CompletionOrigin { Endpoint = $"http://host{index}/v1", Model = "tiny-r1", Fingerprint = $"fp-{index}", Attempts = 1 + index, FirstTextSeconds = 0.125 * index, CachedTokens = index },
            },
            Verdict = new Verdict(outcome, outcome == Outcome.Correct ? "equal_number" : "different_number", $"{2 + index}", "math/1"),
            Seconds = 0.25 * index,
        };
    }
}
