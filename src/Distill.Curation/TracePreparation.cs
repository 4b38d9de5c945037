using Distill.Chat;
using Distill.Runs;
using Distill.Traces;
using Distill.Verification;

namespace Distill.Curation;

/// <summary>What is done to a trace before anything is decided: a verdict where it has none, tokens counted as the student will. Safe for several threads at once.</summary>
internal sealed class TracePreparation
{
    private readonly IVerifier? _verifier;
    private readonly ModelTokenizer? _tokenizer;
    private readonly ChatTemplate? _template;
    private readonly bool _needsTokens;

    /// <param name="options">The options.</param>
    /// <exception cref="InputException">A verifier is unknown, or the tokenizer cannot be read.</exception>
    public TracePreparation(CurateOptions options)
    {
        _verifier = options.Verify.Count > 0 ? Verifiers.Create(options.Verify) : null;
        _needsTokens = options.MinTokens > 0 || options.MaxTokens > 0;
        if (options.Tokenizer.Length == 0) return;
        _tokenizer = ModelTokenizer.Load(options.Tokenizer);
        _template = ChatTemplate.Load(options.Tokenizer);
    }

    /// <summary>The trace with its verdict.</summary>
    public Trace Judge(Trace trace) => _verifier is not null && trace.Verdict.Verifier == NotVerified
        ? trace with { Verdict = _verifier.Verify(trace.Prompt, trace.Completion) } : trace;

    /// <summary>The trace with the student's token counts, where a tokenizer was named.</summary>
    /// <exception cref="InputException">A limit is set and the trace has no count.</exception>
    public Trace Count(Trace trace)
    {
        Completion completion = trace.Completion;
        if (_tokenizer is null)
        {
            if (_needsTokens && completion.CompletionTokens == 0 && completion.Reasoning.Length + completion.Answer.Length > 0)
                throw new InputException($"trace {trace.Id}: has no token count, and `min_tokens` or `max_tokens` needs one", "name the student's tokenizer with `tokenizer`");
            return trace;
        }
        string text = ReasoningSplit.Join(completion.Reasoning, completion.Answer, _template!.StartsInReasoning);
        return trace with
        {
            Completion = completion with
            {
                PromptTokens = _tokenizer.Encode(_template.Render(trace.Prompt.Messages, addGenerationPrompt: true)).Length,
                CompletionTokens = _tokenizer.Encode(text).Length + 1, // the token that ends it
            },
        };
    }

    private static readonly string NotVerified = new NoVerifier().Id;
}
