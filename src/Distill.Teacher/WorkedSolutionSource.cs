using System.Runtime.CompilerServices;
using Distill.Chat;
using Distill.Inference;
using Distill.Prompts;
using Distill.Runs;

namespace Distill.Teacher;

/// <summary>
/// A teacher without a model: it answers each prompt with the prompt's own worked solution. The first teacher is trained
/// from what it says.
/// </summary>
/// <remarks>
/// Completions have the finish reason <c>stop</c>, reasoning and answer in R1's form, and token counts of 0, because
/// nothing was tokenized. Sampling is ignored: there is one solution.
/// </remarks>
public sealed class WorkedSolutionSource : ICompletionSource
{
    private readonly Dictionary<string, Completion> _solutions = new(StringComparer.Ordinal);

    /// <summary>Learns the solutions of the prompts that it will be asked for.</summary>
    /// <exception cref="InputException">A prompt has no worked solution or no reference answer, or two with the same messages differ in it.</exception>
    public WorkedSolutionSource(IEnumerable<Prompt> prompts)
    {
        foreach (Prompt prompt in prompts)
        {
            if (string.IsNullOrWhiteSpace(prompt.ReferenceReasoning) || prompt.ReferenceAnswer is null)
                throw new InputException($"prompt {prompt.Id} has no worked solution", "the teacher `worked` needs prompts with `reference_reasoning` and `reference_answer`");
            Completion solution = SolutionOf(prompt);
            if (!_solutions.TryAdd(Key(prompt.Messages), solution) && _solutions[Key(prompt.Messages)] != solution)
                throw new InputException($"prompt {prompt.Id} has the messages of another one, but another solution", "remove one of the two");
        }
    }

    /// <inheritdoc/>
    public string Identity => "worked-solutions";

    /// <summary>Null: every request stands alone.</summary>
    public int? BatchSize => null;

    /// <inheritdoc/>
    public async IAsyncEnumerable<CompletedRequest> CompleteAsync(IEnumerable<CompletionRequest> requests, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await Task.CompletedTask; // nothing to wait for
        foreach (CompletionRequest request in requests)
        {
            cancellation.ThrowIfCancellationRequested();
            yield return new CompletedRequest(request, Solve(request), 0);
        }
    }

    /// <inheritdoc/>
    public Task<Completion> StreamAsync(CompletionRequest request, Action<string> onText, CancellationToken cancellation)
    {
        Completion solution = Solve(request);
        onText(solution.RawText);
        return Task.FromResult(solution);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static Completion SolutionOf(Prompt prompt)
    {
        string reasoning = prompt.ReferenceReasoning!.Trim(), answer = $"\\boxed{{{prompt.ReferenceAnswer}}}";
        return new Completion
        {
            RawText = $"<think>\n{reasoning}\n</think>\n\n{answer}",
            Reasoning = reasoning,
            Answer = answer,
            FinishReason = FinishReason.Stop,
            PromptTokens = 0,
            CompletionTokens = 0,
        };
    }

    private static string Key(IReadOnlyList<Message> messages) =>
        Fingerprint.OfTexts([.. messages.SelectMany(message => new[] { message.Role.ToString(), message.Content })]);

    private Completion Solve(CompletionRequest request) => _solutions.TryGetValue(Key(request.Messages), out Completion? solution) ? solution
        : throw new InputException("there is no worked solution for this prompt", "the teacher `worked` answers only the prompts it was given");
}
