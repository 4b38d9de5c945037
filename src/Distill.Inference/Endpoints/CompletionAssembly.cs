using System.Buffers;
using System.Text;
using Distill.Chat;

namespace Distill.Inference.Endpoints;

/// <summary>
/// Puts a completion together from its events and decides whether it is whole. Nothing counts as complete because a
/// connection ended: there must be a finish reason, a usage that fits, and undamaged text.
/// </summary>
/// <param name="call">What was asked for.</param>
/// <param name="onText">Receives the text as it arrives, think tags included, or null.</param>
/// <param name="before">The assembly whose text this one goes on from, or null.</param>
/// <param name="likeliest">Reads log-probabilities, where they were asked for, or null.</param>
internal sealed class CompletionAssembly(EngineCall call, Action<string>? onText = null, CompletionAssembly? before = null, EndpointLogProbabilities? likeliest = null)
{
    // No tokenizer has longer tokens on average, so more text than this means that the limit was not obeyed.
    private const int MostBytesPerToken = 16;
    private const int FreeBytes = 4096;

    // Text and usage that differ by more than this do not belong together. Short completions vary too much to tell.
    private const double FewestBytesPerToken = 0.5;
    private const int FewestTokensToCompare = 16;

    // For work that was stopped before its usage came.
    private const int UsualBytesPerToken = 4;

    private const string OpenTag = ChatFormat.ThinkOpen + "\n";
    private const string CloseTag = "\n" + ChatFormat.ThinkClose + "\n\n";

    private readonly ArrayBufferWriter<byte> _content = Copy(before?._content);
    private readonly ArrayBufferWriter<byte> _reasoning = Copy(before?._reasoning);
    private readonly int _bytesBefore = before?.TextBytes ?? 0;
    private readonly int _tokensBefore = before?.CompletionTokens ?? 0;
    private readonly LogProbabilityCollector? _likeliest = call.Sampling.TopLogProbabilities is > 0 and var width ? likeliest?.Collect(width) : null;
    private string? _finish;
    private EngineUsage _usage;
    private int _looked = before?.TextBytes ?? 0;

    /// <summary>Whether the server said that the stream is over.</summary>
    public bool IsDone { get; private set; }

    /// <summary>Whether finish reason and usage have arrived: nothing that follows can change the completion.</summary>
    public bool HasEnd => _finish is not null && _usage is { Prompt: not null, Completion: not null };

    /// <summary>Whether a text that strays into another script is of no use.</summary>
    public bool RejectsMixing { get; init; }

    /// <summary>The state that makes reading on pointless: the text repeats itself without end, or has strayed and must not; else null.</summary>
    public EndState? GivenUp { get; private set; }

    /// <summary>The model that the server says it is, or null when it did not say.</summary>
    public string? Model { get; private set; }

    /// <summary>The build that the server says it is, or null when it did not say.</summary>
    public string? Fingerprint { get; private set; }

    /// <summary>Tokens of the prompt that the server had computed before.</summary>
    public int CachedTokens => _usage.Cached ?? 0;

    /// <summary>Tokens produced: as the server counts them, or estimated when it has not said.</summary>
    public int CompletionTokens => _tokensBefore + (_usage.Completion ?? (TextBytes - _bytesBefore + UsualBytesPerToken - 1) / UsualBytesPerToken);

    /// <summary>Tokens of the prompt, or 0 while the server has not said.</summary>
    public int PromptTokens => before?.PromptTokens ?? _usage.Prompt ?? 0;

    /// <summary>Bytes of text so far.</summary>
    public int TextBytes => _content.WrittenCount + _reasoning.WrittenCount;

    /// <summary>Text from which another call can go on, or null where the reasoning has ended: templates drop a finished one.</summary>
    public string? Prefix
    {
        get
        {
            string raw = RawText();
            if (raw.Length == 0 || raw.Contains(ChatFormat.ThinkClose, StringComparison.Ordinal)) return null;
            return raw.StartsWith(ChatFormat.ThinkOpen, StringComparison.Ordinal) ? raw : OpenTag + raw;
        }
    }

    /// <summary>Takes an event; says whether it held text.</summary>
    /// <exception cref="EndpointFault">The server goes on past the token limit.</exception>
    public bool Add(in EngineEvent taken)
    {
        switch (taken.Kind)
        {
            case EngineEventKind.Reasoning or EngineEventKind.Content:
                if (onText is not null) HandOver(taken);
                ArrayBufferWriter<byte> target = taken.Kind == EngineEventKind.Reasoning ? _reasoning : _content;
                target.Write(taken.Utf8.Span);
                Look(target);
                return true;
            case EngineEventKind.LogProbabilities:
                if (_likeliest is not null) likeliest!.Read(taken.Utf8, _likeliest);
                return false;
            case EngineEventKind.Finish:
                _finish = taken.Text;
                return false;
            case EngineEventKind.Usage:
                _usage = new(taken.Usage.Prompt ?? _usage.Prompt, taken.Usage.Completion ?? _usage.Completion, taken.Usage.Cached ?? _usage.Cached);
                return false;
            case EngineEventKind.Served:
                (Model, Fingerprint) = (taken.Text ?? Model, taken.Fingerprint ?? Fingerprint);
                return false;
            case EngineEventKind.Done:
                IsDone = true;
                return false;
            default:
                return false;
        }
    }

    /// <summary>The completion, when it is whole.</summary>
    /// <exception cref="EndpointFault">It is not, and must not be taken for one.</exception>
    public Completion Finish()
    {
        if (GivenUp is not null) return Build(FinishReason.Error);
        FinishReason finish = ReadFinish();
        if (_usage.Completion is not { } tokens || _usage.Prompt is null)
        {
            throw IsDone
                ? new EndpointFault(FaultKind.Rejected, "no_usage", "the server sends no usage, so it cannot be told that the text is whole")
                : new EndpointFault(FaultKind.Transient, "stream_cut", "the stream ended before its usage");
        }
        Check(finish, tokens);
        return Build(finish);
    }

    /// <summary>What had arrived of a completion that failed for good.</summary>
    public Completion Fail() => Build(FinishReason.Error) with { EndState = EndState.Failed, CompletionTokens = _tokensBefore + (_usage.Completion ?? 0) };

    private Completion Build(FinishReason finish)
    {
        string raw = RawText();
        ReasoningParts parts = Parts(raw, finish);
        var completion = new Completion
        {
            RawText = raw,
            Reasoning = parts.Reasoning,
            Answer = parts.Answer,
            ReasoningUnclosed = parts.Unclosed,
            FinishReason = finish,
            PromptTokens = PromptTokens,
            CompletionTokens = CompletionTokens,
            TopLogProbabilities = finish == FinishReason.Error ? null : Likeliest(finish),
        };
        return completion with { EndState = GivenUp ?? CompletionQuality.Judge(call.Messages, completion) };
    }

    // The end-of-sequence token may be told or not; anything else that is missing shifts all that follows.
    private TopLogProbabilities? Likeliest(FinishReason finish)
    {
        if (_likeliest is null) return null;
        int told = _likeliest.Count, tokens = CompletionTokens;
        if (told == tokens || (finish == FinishReason.Stop && told == tokens - 1)) return _likeliest.Finish();
        throw new EndpointFault(FaultKind.Fatal, "logprobs_incomplete", $"it tells the log-probabilities of {told} of a completion's {tokens} tokens")
        {
            Hint = told == 0 ? "this server gives none: leave --top-logprobs out, or use vLLM or llama-server" : "start the server without a reasoning parser, which swallows the think tags, or leave --top-logprobs out",
        };
    }

    private FinishReason ReadFinish() => _finish switch
    {
        "stop" => FinishReason.Stop,
        "length" => FinishReason.Length,
        null => throw new EndpointFault(FaultKind.Transient, "stream_cut", IsDone ? "the stream ended without a finish reason" : "the stream was cut before its end"),
        "content_filter" => throw new EndpointFault(FaultKind.Permanent, "content_filter", "the server's content filter stopped it"),
        "tool_calls" or "function_call" => throw new EndpointFault(FaultKind.Permanent, "tool_calls", "the model called a tool"),
        "insufficient_system_resource" => throw new EndpointFault(FaultKind.Overload, "overloaded", "the server has no capacity left"),
        _ => throw new EndpointFault(FaultKind.Transient, "aborted", $"the server ended it with finish reason `{_finish}`"),
    };

    private void Check(FinishReason finish, int tokens)
    {
        int bytes = TextBytes - _bytesBefore;
        if (tokens > call.Sampling.MaxTokens)
            throw new EndpointFault(FaultKind.Permanent, "max_tokens_ignored", $"the server produced {tokens} tokens where max_tokens was {call.Sampling.MaxTokens}");
        if (tokens < 1 || bytes == 0)
            throw new EndpointFault(FaultKind.Rejected, "empty", $"the completion is empty ({tokens} tokens)");
        double bytesPerToken = (double)bytes / tokens;
        if (tokens >= FewestTokensToCompare && bytesPerToken is < FewestBytesPerToken or > MostBytesPerToken)
            throw new EndpointFault(FaultKind.Rejected, "usage_mismatch", $"{bytes} bytes of text do not fit {tokens} tokens");
        // Servers write bytes that form no character as U+FFFD; a token limit may cut the last character in two.
        string raw = RawText();
        int damaged = raw.AsSpan().TrimEnd('\uFFFD').IndexOf('\uFFFD');
        if (damaged >= 0 || (finish == FinishReason.Stop && raw.EndsWith('\uFFFD')))
            throw new EndpointFault(FaultKind.Permanent, "broken_text", "the text holds broken characters (U+FFFD)");
    }

    private void Look(ArrayBufferWriter<byte> grown)
    {
        if (TextBytes - _bytesBefore > ((long)call.Sampling.MaxTokens * MostBytesPerToken) + FreeBytes)
            throw new EndpointFault(FaultKind.Permanent, "max_tokens_ignored", $"the server goes on past max_tokens {call.Sampling.MaxTokens}");
        if (TextBytes - _looked < CompletionQuality.LookEveryBytes) return;
        _looked = TextBytes;
        GivenUp = CompletionQuality.JudgeUnderWay(call.Messages, grown.WrittenSpan, RejectsMixing);
    }

    private ReasoningParts Parts(string raw, FinishReason finish) => _reasoning.WrittenCount == 0 || before is not null
        ? ReasoningSplit.Split(raw, StartsInReasoning(raw, finish))
        : ReasoningSplit.Split(Encoding.UTF8.GetString(_content.WrittenSpan), Encoding.UTF8.GetString(_reasoning.WrittenSpan), startsInReasoning: false);

    // Where the server split the reasoning off, the tags are put back, so that raw text means the same for every engine.
    private string RawText()
    {
        string content = Encoding.UTF8.GetString(_content.WrittenSpan);
        if (_reasoning.WrittenCount == 0) return content;
        string reasoning = Encoding.UTF8.GetString(_reasoning.WrittenSpan);
        // A text that was gone on from comes back unsplit from servers whose parser looks for the opening tag.
        if (before is not null && content.Contains(ChatFormat.ThinkClose, StringComparison.Ordinal)) return OpenTag + reasoning.TrimStart() + content;
        // Servers call a thought that never closed "reasoning" too; without an answer it counts as unclosed.
        return string.IsNullOrWhiteSpace(content)
            ? OpenTag + reasoning.TrimStart()
            : OpenTag + reasoning.Trim() + CloseTag + content.TrimStart();
    }

    // Templates may end in the opening tag, which is then missing from the text. A text that the limit cut off and that
    // has no tag at all is taken for reasoning: an answer must never be read out of half a thought.
    private static bool StartsInReasoning(string raw, FinishReason finish)
    {
        int open = raw.IndexOf(ChatFormat.ThinkOpen, StringComparison.Ordinal), close = raw.IndexOf(ChatFormat.ThinkClose, StringComparison.Ordinal);
        return open < 0 ? close >= 0 || finish != FinishReason.Stop : close >= 0 && close < open;
    }

    private void HandOver(in EngineEvent taken)
    {
        if (taken.Kind == EngineEventKind.Reasoning && _reasoning.WrittenCount == 0) onText!(OpenTag);
        if (taken.Kind == EngineEventKind.Content && _content.WrittenCount == 0 && _reasoning.WrittenCount > 0) onText!(CloseTag);
        onText!(Encoding.UTF8.GetString(taken.Utf8.Span));
    }

    private static ArrayBufferWriter<byte> Copy(ArrayBufferWriter<byte>? text)
    {
        var copy = new ArrayBufferWriter<byte>();
        if (text is not null) copy.Write(text.WrittenSpan);
        return copy;
    }
}
