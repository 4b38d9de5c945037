using System.Text;
using System.Text.Json;
using Distill.Chat;

namespace Distill.Inference.Endpoints;

/// <summary>
/// Reads the log-probabilities of a server's reply as those of token ids. Servers name tokens in three ways: llama-server by
/// <c>id</c>, vLLM by <c>token_id:N</c> when asked to, everyone else by text and bytes; the last is exact only where one token alone
/// has these bytes.
/// </summary>
/// <param name="tokenizer">The model's tokenizer.</param>
internal sealed class EndpointLogProbabilities(ModelTokenizer tokenizer)
{
    private const string IdPrefix = "token_id:";
    private const int Ambiguous = -1;

    private readonly Lazy<Dictionary<string, int>> _ids = new(() => IdsByBytes(tokenizer));

    /// <summary>Starts the record of one completion.</summary>
    /// <param name="width">Likeliest tokens of each position.</param>
    public LogProbabilityCollector Collect(int width) => new(tokenizer.VocabularyIdentity, Math.Min(width, tokenizer.VocabularySize));

    /// <summary>Reads the field <c>logprobs</c> of a message or of a piece of it.</summary>
    /// <exception cref="EndpointFault">A token that the model produced is none of the tokenizer's.</exception>
    /// <exception cref="JsonException">The field has another shape.</exception>
    public void Read(ReadOnlyMemory<byte> json, LogProbabilityCollector collector)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        try
        {
            if (!document.RootElement.TryGetProperty("content", out JsonElement content) || content.ValueKind != JsonValueKind.Array) return;
            foreach (JsonElement entry in content.EnumerateArray())
            {
                int token = IdOf(entry) ?? throw Unknown(entry);
                // An alternative without an exact id is left out: its probability counts among all that is not listed.
                collector.Add(token, entry.GetProperty("top_logprobs").EnumerateArray().Select(other => (Token: IdOf(other), Value: other.GetProperty("logprob").GetDouble()))
                    .Where(other => other.Token is not null).DistinctBy(other => other.Token).Select(other => (other.Token!.Value, other.Value)));
            }
        }
        catch (Exception e) when (e is InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new JsonException($"`logprobs`: {e.Message}", e);
        }
    }

    private int? IdOf(JsonElement entry)
    {
        string text = entry.GetProperty("token").GetString() ?? "";
        byte[]? bytes = entry.TryGetProperty("bytes", out JsonElement list) && list.ValueKind == JsonValueKind.Array
            ? [.. list.EnumerateArray().Select(value => value.GetByte())] : null;
        int? given = entry.TryGetProperty("id", out JsonElement id) ? id.GetInt32()
            : text.StartsWith(IdPrefix, StringComparison.Ordinal) && int.TryParse(text.AsSpan(IdPrefix.Length), out int number) ? number : null;
        if (given is { } named)
        {
            if ((uint)named >= (uint)tokenizer.VocabularySize) return null;
            bool differs = bytes is { Length: > 0 } && !tokenizer.IsSpecial(named) && !tokenizer.BytesOf(named, skipSpecialTokens: false).SequenceEqual(bytes);
            return differs ? null : named;
        }
        return _ids.Value.TryGetValue(Encoding.Latin1.GetString(bytes is { Length: > 0 } ? bytes : Encoding.UTF8.GetBytes(text)), out int found) && found != Ambiguous ? found : null;
    }

    private static Dictionary<string, int> IdsByBytes(ModelTokenizer tokenizer)
    {
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int id = 0; id < tokenizer.VocabularySize; id++)
        {
            string bytes = Encoding.Latin1.GetString(tokenizer.BytesOf(id, skipSpecialTokens: false));
            if (bytes.Length > 0 && !ids.TryAdd(bytes, id)) ids[bytes] = Ambiguous;
        }
        return ids;
    }

    private static EndpointFault Unknown(JsonElement entry) => new(FaultKind.Fatal, "unknown_token", $"its token {entry.GetProperty("token").GetRawText()} is no token of --tokenizer")
    {
        Hint = "name the folder of the served model's own tokenizer, use vLLM or llama-server, which tell the ids of tokens, or leave --top-logprobs out",
    };
}
