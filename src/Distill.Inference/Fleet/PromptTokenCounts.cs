using System.Runtime.CompilerServices;
using Distill.Chat;
using Distill.Inference.Endpoints;

namespace Distill.Inference.Fleet;

/// <summary>
/// Checks that servers saw the whole prompt and nothing else: some cut it to half without a word, some put a second
/// beginning-of-sentence token in front.
/// </summary>
internal sealed class PromptTokenCounts
{
    // No tokenizer has longer tokens on average.
    private const int MostBytesPerToken = 16;

    // Without our own count, servers of one fleet may differ by a token or two and still be right.
    private const int Tolerance = 2;
    private const double ToleranceShare = 0.02;

    private readonly ConditionalWeakTable<IReadOnlyList<Message>, object> _seen = [];

    /// <summary>Checks a count.</summary>
    /// <param name="request">The request.</param>
    /// <param name="tokens">Tokens of its prompt as the server counted them; 0 when it did not.</param>
    /// <exception cref="EndpointFault">The count cannot be right.</exception>
    public void Check(CompletionRequest request, int tokens)
    {
        if (tokens == 0) return;
        if (request.PromptTokens is { } own)
        {
            if (tokens != own) throw new EndpointFault(FaultKind.Permanent, "prompt_changed", $"the server saw {tokens} tokens where the prompt has {own}");
            return;
        }
        int bytes = request.Messages.Sum(message => System.Text.Encoding.UTF8.GetByteCount(message.Content));
        if (bytes > (long)tokens * MostBytesPerToken) throw new EndpointFault(FaultKind.Permanent, "prompt_changed", $"the server saw {tokens} tokens of a prompt of {bytes} bytes");
        // The samples of a prompt share its messages.
        int first = (int)_seen.GetValue(request.Messages, _ => tokens);
        if (Math.Abs(tokens - first) > Tolerance + (ToleranceShare * first))
            throw new EndpointFault(FaultKind.Rejected, "prompt_changed", $"the server saw {tokens} tokens of a prompt that had {first} before");
    }
}
