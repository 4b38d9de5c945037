using System.Runtime.CompilerServices;
using Distill.Chat;
using Distill.Inference;
using Distill.Runs;

namespace Distill.Tests.Teacher;

/// <summary>
/// A teacher whose completions follow from the request, and with a batch size also from which requests stand in the same
/// batch, as rounding does. It can break after so many completions.
/// </summary>
internal sealed class ScriptedTeacher(int? batchSize = null, int breakAfter = int.MaxValue) : ICompletionSource
{
    private int _completed;

    public string Identity { get; init; } = "scripted";

    public int? BatchSize => batchSize;

    public List<CompletionRequest> Asked { get; } = [];

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    public Task<Completion> StreamAsync(CompletionRequest request, Action<string> onText, CancellationToken cancellation) => throw new NotSupportedException();

    public async IAsyncEnumerable<CompletedRequest> CompleteAsync(IEnumerable<CompletionRequest> requests, [EnumeratorCancellation] CancellationToken cancellation)
    {
        foreach (CompletionRequest[] group in requests.Chunk(batchSize ?? 5))
        {
            await Task.Yield();
            Asked.AddRange(group);
            string company = batchSize is null ? "" : Fingerprint.OfTexts([.. group.Select(one => one.Id)])[..8];
            // the order of completion is not the order of asking
            foreach (CompletionRequest request in group.OrderBy(one => Fingerprint.OfTexts(one.Id)))
            {
                if (_completed++ == breakAfter) throw new IOException("the teacher broke");
                yield return Complete(request, company);
            }
        }
    }

    private static CompletedRequest Complete(CompletionRequest request, string company)
    {
        long fate = request.Sampling.Seed % 10;
        if (fate == 0) return new CompletedRequest(request, Completion("half a thou", "", "half a thou", FinishReason.Error), 0, "context_exceeded");
        string reasoning = $"thinking {request.Sampling.Seed} {company} äöü 🎉";
        if (fate == 1) return new CompletedRequest(request, Completion(reasoning, "", reasoning, FinishReason.Length), 1.5);
        string sum = request.Messages[^1].Content["Compute 1+".Length..].TrimEnd('.');
        string answer = $"\\boxed{{{int.Parse(sum) + (fate < 7 ? 1 : 2)}}}";
        return new CompletedRequest(request, Completion(reasoning, answer, $"{reasoning}\n</think>\n\n{answer}", FinishReason.Stop), 2.5);
    }

    private static Completion Completion(string reasoning, string answer, string raw, FinishReason finish) => new()
    {
        Reasoning = reasoning,
        Answer = answer,
        RawText = raw,
        ReasoningUnclosed = finish != FinishReason.Stop,
        FinishReason = finish,
        PromptTokens = 7,
        CompletionTokens = raw.Length,
    };
}
