using System.Diagnostics;
using Distill.Chat;
using Distill.Runs;

namespace Distill.Inference;

/// <summary>
/// Completes prompts with a model in this process, a batch at a time. Rows that have finished leave the batch, so that
/// one long completion does not cost as much as a batch of them.
/// </summary>
public sealed class BatchGenerator : ICompletionSource
{
    private readonly ILanguageModel _model;
    private readonly ModelChat _chat;
    private readonly int _batchSize;
    private readonly ComputeThread? _thread;

    /// <summary>Serves a model on the threads that ask.</summary>
    /// <param name="model">Gives the logits; disposed with this.</param>
    /// <param name="chat">Tokenizer, template and stop tokens.</param>
    /// <param name="identity">Identity of the weights.</param>
    /// <param name="batchSize">Prompts computed together.</param>
    public BatchGenerator(ILanguageModel model, ModelChat chat, string identity, int batchSize)
        : this(model, chat, identity, batchSize, null)
    {
    }

    /// <summary>Serves a model.</summary>
    /// <param name="model">Gives the logits; disposed with this.</param>
    /// <param name="chat">Tokenizer, template and stop tokens.</param>
    /// <param name="identity">Identity of the weights.</param>
    /// <param name="batchSize">Prompts computed together.</param>
    /// <param name="thread">Computes; best the one that has loaded the model. Disposed with this. Null: the threads that ask.</param>
    internal BatchGenerator(ILanguageModel model, ModelChat chat, string identity, int batchSize, ComputeThread? thread)
    {
        if (chat.Tokenizer.VocabularySize > model.VocabularySize)
            throw new InputException($"{identity}: the tokenizer has {chat.Tokenizer.VocabularySize} tokens, the model only {model.VocabularySize}",
                "use the tokenizer that belongs to these weights");
        (_model, _chat, Identity, _batchSize, _thread) = (model, chat, identity, batchSize, thread);
    }

    /// <inheritdoc/>
    public string Identity { get; }

    /// <summary>Whether the prompt opens the reasoning, so that a completion begins inside it.</summary>
    public bool StartsInReasoning => _chat.Template.StartsInReasoning;

    /// <inheritdoc/>
    public int? BatchSize => _batchSize;

    /// <summary>Which completions are given up under way. What is given up follows from its own tokens alone.</summary>
    public EarlyStop EarlyStop { get; set; }

    /// <inheritdoc/>
    public IAsyncEnumerable<CompletedRequest> CompleteAsync(IEnumerable<CompletionRequest> requests, CancellationToken cancellation) =>
        requests.Chunk(_batchSize).SelectMany(batch => Complete(batch, null, cancellation)).ToAsyncEnumerable();

    /// <inheritdoc/>
    public Task<Completion> StreamAsync(CompletionRequest request, Action<string> onText, CancellationToken cancellation)
    {
        var decoder = new IncrementalDecoder(_chat.Tokenizer);
        Completion completion = Complete([request], token => onText(decoder.Append(token)), cancellation)[0].Completion;
        onText(decoder.Flush());
        return Task.FromResult(completion);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _thread?.Dispose();
        _model.Dispose();
        return ValueTask.CompletedTask;
    }

    private List<CompletedRequest> Complete(CompletionRequest[] requests, Action<int>? onToken, CancellationToken cancellation) =>
        _thread is null ? CompleteHere(requests, onToken, cancellation) : _thread.Run(() => CompleteHere(requests, onToken, cancellation));

    private List<CompletedRequest> CompleteHere(CompletionRequest[] requests, Action<int>? onToken, CancellationToken cancellation)
    {
        long started = Stopwatch.GetTimestamp();
        GenerationRow[] rows = [.. requests.Select(request => new GenerationRow(_chat.PromptTokens(request.Messages), request, _model.ContextLength, _chat.Tokenizer, EarlyStop))];
        Decode([.. rows.Where(row => !row.Finished)], onToken, cancellation);
        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        return [.. requests.Zip(rows, (request, row) => Finish(request, row, seconds))];
    }

    private void Decode(List<GenerationRow> active, Action<int>? onToken, CancellationToken cancellation)
    {
        if (active.Count == 0) return;
        int vocabulary = _model.VocabularySize;
        float[] logits = new float[active.Count * vocabulary];
        using IDecodingSession session = _model.StartSession(active.Max(row => row.Prompt.Length) + active.Max(row => row.MaxTokens));
        session.Prefill([.. active.Select(row => row.Prompt)], logits);
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            for (int i = 0; i < active.Count; i++)
            {
                if (active[i].Finished) continue;
                int token = active[i].Draw(logits.AsSpan(i * vocabulary, vocabulary), _chat.StopTokens);
                if (!active[i].Stopped) onToken?.Invoke(token);
            }
            if (!DropFinished(active, session)) return;
            session.Step([.. active.Select(row => row.LastToken)], logits.AsSpan(0, active.Count * vocabulary));
        }
    }

    // Moving the cache costs about as much as a few steps, so rows leave an eighth of the batch at a time.
    private static bool DropFinished(List<GenerationRow> active, IDecodingSession session)
    {
        int finished = active.Count(row => row.Finished);
        if (finished == active.Count) return false;
        if (finished * 8 < active.Count || finished == 0) return true;
        int[] kept = [.. Enumerable.Range(0, active.Count).Where(i => !active[i].Finished)];
        session.Keep(kept);
        active.RemoveAll(row => row.Finished);
        return true;
    }

    private CompletedRequest Finish(CompletionRequest request, GenerationRow row, double seconds)
    {
        int[] tokens = [.. row.Tokens];
        ReadOnlySpan<int> text = row.Stopped ? tokens.AsSpan(..^1) : tokens;
        string raw = _chat.Tokenizer.Decode(text);
        var parts = ReasoningSplit.Split(raw, _chat.Template.StartsInReasoning);
        var completion = new Completion
        {
            RawText = raw,
            Reasoning = parts.Reasoning,
            Answer = parts.Answer,
            ReasoningUnclosed = parts.Unclosed,
            FinishReason = row.Stopped ? FinishReason.Stop : row.GivenUp is null ? FinishReason.Length : FinishReason.Error,
            PromptTokens = row.Prompt.Length,
            CompletionTokens = tokens.Length,
            TopLogProbabilities = row.GivenUp is null ? row.Likeliest : null,
            EndState = row.GivenUp ?? EndState.Complete,
        };
        return new CompletedRequest(request, completion, seconds, CompletionQuality.FailureOf(completion));
    }
}
