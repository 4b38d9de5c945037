using Distill.Chat;

namespace Distill.Prompts;

/// <summary>The names that datasets give to the speakers of a conversation (OpenAI's and ShareGPT's).</summary>
internal static class MessageRoles
{
    /// <summary>The role of that name.</summary>
    public static bool TryParse(string? name, out MessageRole role)
    {
        MessageRole? found = name?.ToLowerInvariant() switch
        {
            "system" or "developer" => MessageRole.System,
            "user" or "human" => MessageRole.User,
            "assistant" or "gpt" or "model" => MessageRole.Assistant,
            "tool" or "function" or "observation" => MessageRole.Tool,
            _ => null,
        };
        role = found ?? default;
        return found is not null;
    }
}
