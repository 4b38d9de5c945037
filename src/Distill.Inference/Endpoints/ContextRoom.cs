using System.Globalization;
using System.Text.RegularExpressions;

namespace Distill.Inference.Endpoints;

/// <summary>What a server that refuses a request says about the room in its context.</summary>
/// <param name="Context">Tokens of the context.</param>
/// <param name="Prompt">Tokens of the prompt as the server counts them, or null where it does not say.</param>
internal sealed partial record ContextRoom(int Context, int? Prompt)
{
    /// <summary>Reads the words of vLLM, SGLang and OpenAI; null where they name no context.</summary>
    public static ContextRoom? Read(string message)
    {
        return Number(ContextWords().Match(message)) is { } context ? new ContextRoom(context, Number(PromptWords().Match(message))) : null;
    }

    /// <summary>Tokens that are left for a completion.</summary>
    /// <param name="promptTokens">Tokens of the prompt, where the server did not say.</param>
    public int Left(int promptTokens) => Context - (Prompt ?? promptTokens);

    private static int? Number(Match match) => match.Success && int.TryParse(match.Groups["tokens"].ValueSpan, CultureInfo.InvariantCulture, out int number) ? number : null;

    [GeneratedRegex(@"context length (?:is|of)(?: only)? (?<tokens>\d+)")]
    private static partial Regex ContextWords();

    // "at least 30,000 input tokens" is no count: vLLM stops counting where the prompt alone would be too long.
    [GeneratedRegex(@"(?:request has|you passed|prompt contains) (?<tokens>\d+) input tokens|(?<tokens>\d+) (?:in the messages|tokens from the input)", RegexOptions.IgnoreCase)]
    private static partial Regex PromptWords();
}
