using System.Buffers;
using Distill.Chat;

namespace Distill.Inference;

/// <summary>One sequence of a batch that is being decoded.</summary>
internal sealed class GenerationRow
{
    private readonly ModelTokenizer _tokenizer;
    private readonly LogProbabilityCollector? _likeliest;
    private readonly IReadOnlyList<Message> _messages;
    private readonly EarlyStop _earlyStop;
    private readonly ArrayBufferWriter<byte> _text = new();
    private int _looked;

    public GenerationRow(int[] prompt, CompletionRequest request, int contextLength, ModelTokenizer tokenizer, EarlyStop earlyStop)
    {
        SamplingOptions sampling = request.Sampling;
        (Prompt, _messages, _tokenizer, _earlyStop) = (prompt, request.Messages, tokenizer, earlyStop);
        TopLogProbabilities = Math.Min(sampling.TopLogProbabilities, tokenizer.VocabularySize);
        if (TopLogProbabilities > 0) _likeliest = new(tokenizer.VocabularyIdentity, TopLogProbabilities);
        Sampler = new(sampling);
        MaxTokens = Math.Max(0, Math.Min(sampling.MaxTokens, contextLength - prompt.Length));
    }

    public int[] Prompt { get; }

    public Sampler Sampler { get; }

    /// <summary>Most tokens to produce; 0 when the prompt fills the context, which counts as truncated.</summary>
    public int MaxTokens { get; }

    /// <summary>What was produced, the stop token included.</summary>
    public List<int> Tokens { get; } = [];

    public bool Stopped { get; private set; }

    /// <summary>The state that made going on pointless, or null.</summary>
    public EndState? GivenUp { get; private set; }

    public bool Finished => Stopped || GivenUp is not null || Tokens.Count >= MaxTokens;

    /// <summary>The token to feed next; rows that wait for the batch to shrink repeat their last one.</summary>
    public int LastToken => Tokens[^1];

    /// <summary>Likeliest tokens to keep with each token.</summary>
    public int TopLogProbabilities { get; }

    /// <summary>What was likely at each token, or null when nobody asked.</summary>
    public TopLogProbabilities? Likeliest => _likeliest?.Finish();

    /// <summary>Draws the next token.</summary>
    /// <param name="logits">One row, <c>[vocabulary]</c>.</param>
    /// <param name="stopTokens">Tokens that end the completion.</param>
    public int Draw(ReadOnlySpan<float> logits, IReadOnlySet<int> stopTokens)
    {
        int token = Sampler.Draw(logits);
        _likeliest?.Add(token, LikeliestTokens.Of(logits, _tokenizer.VocabularySize, TopLogProbabilities));
        Tokens.Add(token);
        Stopped = stopTokens.Contains(token);
        if (!Stopped && _earlyStop != EarlyStop.Never) Look(_tokenizer.BytesOf(token, skipSpecialTokens: true));
        return token;
    }

    private void Look(ReadOnlySpan<byte> text)
    {
        _text.Write(text);
        if (_text.WrittenCount - _looked < CompletionQuality.LookEveryBytes) return;
        _looked = _text.WrittenCount;
        GivenUp = CompletionQuality.JudgeUnderWay(_messages, _text.WrittenSpan, rejectMixing: _earlyStop == EarlyStop.LoopsAndMixing);
    }
}
