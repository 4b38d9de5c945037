using System.Runtime.CompilerServices;
using Distill.Chat;
using Distill.Inference;
using Distill.Runs;

namespace Distill.Tests.Teacher;

/// <summary>
/// A teacher of known behaviour on a clock of its own: so many streams at so many tokens a second, lengths about lognormal, some
/// prompts harder than others, and a token limit that cuts.
/// </summary>
internal sealed class SimulatedTeacher(ManualTime time, int streams, double tokensPerSecond) : ICompletionSource
{
    public string Identity => "simulated";

    public int? BatchSize => null;

    public int Asked { get; private set; }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    public Task<Completion> StreamAsync(CompletionRequest request, Action<string> onText, CancellationToken cancellation) => throw new NotSupportedException();

    public async IAsyncEnumerable<CompletedRequest> CompleteAsync(IEnumerable<CompletionRequest> requests, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await Task.Yield();
        using IEnumerator<CompletionRequest> next = requests.GetEnumerator();
        var underWay = new PriorityQueue<(CompletionRequest Request, double Begun), double>();
        double now = 0;
        while (true)
        {
            while (underWay.Count < streams && next.MoveNext())
            {
                Asked++;
                underWay.Enqueue((next.Current, now), now + (Tokens(next.Current) / tokensPerSecond));
            }
            if (!underWay.TryDequeue(out var done, out double ended)) yield break;
            time.Advance(TimeSpan.FromSeconds(ended - now));
            now = ended;
            yield return Complete(done.Request, ended - done.Begun);
        }
    }

    /// <summary>Whether the rollout is right: six of ten on average, more often for easy prompts.</summary>
    public static bool IsRight(CompletionRequest request) => Random(request, "right").NextDouble() < 0.2 + (0.8 * Random(request.Messages[^1].Content, "ease").NextDouble());

    private static int Tokens(CompletionRequest request)
    {
        double prompt = Random(request.Messages[^1].Content, "length").NextNormal(), own = Random(request, "length").NextNormal();
        return Math.Min(request.Sampling.MaxTokens, (int)Math.Exp(6 + (0.5 * prompt) + (0.4 * own)));
    }

    private static CompletedRequest Complete(CompletionRequest request, double seconds)
    {
        int tokens = Tokens(request);
        bool cut = tokens == request.Sampling.MaxTokens;
        string content = request.Messages[^1].Content;
        string answer = cut ? "" : $"\\boxed{{{int.Parse(content["Compute 1+".Length..].TrimEnd('.')) + (IsRight(request) ? 1 : 2)}}}";
        return new CompletedRequest(request, new Completion
        {
            RawText = cut ? "so far" : $"I add.</think>{answer}",
            Reasoning = cut ? "so far" : "I add.",
            Answer = answer,
            ReasoningUnclosed = cut,
            FinishReason = cut ? FinishReason.Length : FinishReason.Stop,
            PromptTokens = content.Length,
            CompletionTokens = tokens,
        }, seconds);
    }

    private static RandomStream Random(CompletionRequest request, string of) => new(RandomStream.DeriveSeed(request.Sampling.Seed, of));

    private static RandomStream Random(string prompt, string of) => new(RandomStream.DeriveSeed(0, prompt, of));
}
