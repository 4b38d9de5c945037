using System.Buffers;
using System.Text;
using Distill.Chat;

namespace Distill.Inference.Endpoints;

/// <summary>
/// Puts a completion together from its pieces and decides whether it is whole. Nothing counts as complete because a
/// connection ended: there must be a finish reason, a usage that fits, and undamaged text.
/// </summary>
/// <param name="maxTokens">Most tokens that were asked for.</param>
/// <param name="onText">Receives the text as it arrives, think tags included, or null.</param>
internal sealed class CompletionAssembly(int maxTokens, Action<string>? onText = null)
{
    // No tokenizer has longer tokens on average, so more text than this means that the limit was not obeyed.
    private const int MostBytesPerToken = 16;
    private const int FreeBytes = 4096;

    // Text and usage that differ by more than this do not belong together. Short completions vary too much to tell.
    private const double FewestBytesPerToken = 0.5;
    private const int FewestTokensToCompare = 16;

    private const string OpenTag = "<think>\n";
    private const string CloseTag = "\n</think>\n\n";

    private readonly ArrayBufferWriter<byte> _content = new();
    private readonly ArrayBufferWriter<byte> _reasoning = new();
    private string? _finish;
    private int? _promptTokens;
    private int? _completionTokens;

    /// <summary>Whether the server said that the stream is over.</summary>
    public bool IsDone { get; private set; }

    /// <summary>Whether finish reason and usage have arrived: nothing that follows can change the completion.</summary>
    public bool HasEnd => _finish is not null && _promptTokens is not null && _completionTokens is not null;

    /// <summary>The model that the server says it is, or null when it did not say.</summary>
    public string? Model { get; private set; }

    /// <summary>Bytes of text so far.</summary>
    public int TextBytes => _content.WrittenCount + _reasoning.WrittenCount;

    /// <summary>Takes a piece; says whether it held text.</summary>
    /// <exception cref="EndpointFault">The server goes on past the token limit.</exception>
    public bool Add(ChatChunk chunk)
    {
        _finish = chunk.FinishReason ?? _finish;
        _promptTokens = chunk.PromptTokens ?? _promptTokens;
        _completionTokens = chunk.CompletionTokens ?? _completionTokens;
        Model = chunk.Model ?? Model;
        if (chunk.Content.IsEmpty && chunk.Reasoning.IsEmpty) return false;
        if (onText is not null) HandOver(chunk);
        _reasoning.Write(chunk.Reasoning);
        _content.Write(chunk.Content);
        if (TextBytes > ((long)maxTokens * MostBytesPerToken) + FreeBytes)
            throw new EndpointFault(FaultKind.Permanent, "max_tokens_ignored", $"the server goes on past max_tokens {maxTokens}");
        return true;
    }

    /// <summary>Notes the end of the stream.</summary>
    public void Done() => IsDone = true;

    /// <summary>The completion, when it is whole.</summary>
    /// <exception cref="EndpointFault">It is not, and must not be taken for one.</exception>
    public Completion Finish()
    {
        FinishReason finish = ReadFinish();
        if (_completionTokens is not { } tokens || _promptTokens is not { } promptTokens)
        {
            throw IsDone
                ? new EndpointFault(FaultKind.Rejected, "no_usage", "the server sends no usage, so it cannot be told that the text is whole")
                : new EndpointFault(FaultKind.Transient, "stream_cut", "the stream ended before its usage");
        }
        string raw = RawText();
        CheckText(raw, finish, tokens);
        ReasoningParts parts = Parts(raw, finish);
        return new Completion
        {
            RawText = raw,
            Reasoning = parts.Reasoning,
            Answer = parts.Answer,
            ReasoningUnclosed = parts.Unclosed,
            FinishReason = finish,
            PromptTokens = promptTokens,
            CompletionTokens = tokens,
        };
    }

    /// <summary>What had arrived of a completion that failed for good.</summary>
    public Completion Fail()
    {
        string raw = RawText();
        ReasoningParts parts = Parts(raw, FinishReason.Length);
        return new Completion
        {
            RawText = raw,
            Reasoning = parts.Reasoning,
            Answer = parts.Answer,
            ReasoningUnclosed = parts.Unclosed,
            FinishReason = FinishReason.Error,
            PromptTokens = _promptTokens ?? 0,
            CompletionTokens = _completionTokens ?? 0,
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

    private void CheckText(string raw, FinishReason finish, int tokens)
    {
        if (tokens > maxTokens)
            throw new EndpointFault(FaultKind.Permanent, "max_tokens_ignored", $"the server produced {tokens} tokens where max_tokens was {maxTokens}");
        if (tokens < 1 || TextBytes == 0)
            throw new EndpointFault(FaultKind.Rejected, "empty", $"the completion is empty ({tokens} tokens)");
        double bytesPerToken = (double)TextBytes / tokens;
        if (tokens >= FewestTokensToCompare && bytesPerToken is < FewestBytesPerToken or > MostBytesPerToken)
            throw new EndpointFault(FaultKind.Rejected, "usage_mismatch", $"{TextBytes} bytes of text do not fit {tokens} tokens");
        // Servers write bytes that form no character as U+FFFD; a token limit may cut the last character in two.
        int damaged = raw.AsSpan().TrimEnd('\uFFFD').IndexOf('\uFFFD');
        if (damaged >= 0 || (finish == FinishReason.Stop && raw.EndsWith('\uFFFD')))
            throw new EndpointFault(FaultKind.Permanent, "broken_text", "the text holds broken characters (U+FFFD)");
    }

    private ReasoningParts Parts(string raw, FinishReason finish) => _reasoning.WrittenCount == 0
        ? ReasoningSplit.Split(raw, StartsInReasoning(raw, finish))
        : ReasoningSplit.Split(Encoding.UTF8.GetString(_content.WrittenSpan), Encoding.UTF8.GetString(_reasoning.WrittenSpan), startsInReasoning: false);

    // Where the server split the reasoning off, the tags are put back, so that raw text means the same for every engine.
    private string RawText()
    {
        string content = Encoding.UTF8.GetString(_content.WrittenSpan);
        if (_reasoning.WrittenCount == 0) return content;
        string reasoning = Encoding.UTF8.GetString(_reasoning.WrittenSpan);
        // Servers call a thought that never closed "reasoning" too; without an answer it counts as unclosed.
        return string.IsNullOrWhiteSpace(content)
            ? OpenTag + reasoning.TrimStart()
            : OpenTag + reasoning.Trim() + CloseTag + content.TrimStart();
    }

    // Templates may end in the opening tag, which is then missing from the text. A text that the limit cut off and that
    // has no tag at all is taken for reasoning: an answer must never be read out of half a thought.
    private static bool StartsInReasoning(string raw, FinishReason finish)
    {
        int open = raw.IndexOf("<think>", StringComparison.Ordinal), close = raw.IndexOf("</think>", StringComparison.Ordinal);
        return open < 0 ? close >= 0 || finish == FinishReason.Length : close >= 0 && close < open;
    }

    private void HandOver(ChatChunk chunk)
    {
        if (!chunk.Reasoning.IsEmpty)
        {
            if (_reasoning.WrittenCount == 0) onText!(OpenTag);
            onText!(Encoding.UTF8.GetString(chunk.Reasoning));
        }
        if (chunk.Content.IsEmpty) return;
        if (_content.WrittenCount == 0 && _reasoning.WrittenCount + chunk.Reasoning.Length > 0) onText!(CloseTag);
        onText!(Encoding.UTF8.GetString(chunk.Content));
    }
}
