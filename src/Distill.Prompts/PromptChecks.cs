using System.Text.Json;
using System.Text.Json.Nodes;

namespace Distill.Prompts;

/// <summary>What a prompt's completions are checked with, as the one text that a file of traces keeps of it.</summary>
public static class PromptChecks
{
    /// <summary>Choices, tests and verifier of a prompt as a JSON object, or null when it has none of them.</summary>
    public static string? ToJson(Prompt prompt)
    {
        var checks = new JsonObject();
        if (prompt.Choices.Count > 0) checks["choices"] = new JsonArray([.. prompt.Choices.Select(choice => JsonValue.Create(choice))]);
        if (prompt.Verifier is not null) checks["verifier"] = prompt.Verifier;
        if (prompt.Tests is not null) checks["tests"] = JsonNode.Parse(prompt.Tests);
        return checks.Count > 0 ? checks.ToJsonString() : null;
    }

    /// <summary>The prompt with what <see cref="ToJson"/> gave; unchanged when the text is something else.</summary>
    public static Prompt AddTo(Prompt prompt, string? json)
    {
        if (json is null) return prompt;
        try
        {
            if (JsonNode.Parse(json) is not JsonObject checks) return prompt;
            return prompt with
            {
                Choices = checks["choices"] is JsonArray choices ? [.. choices.Select(choice => choice!.GetValue<string>())] : [],
                Verifier = checks["verifier"]?.GetValue<string>(),
                Tests = checks["tests"]?.ToJsonString(),
            };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException or NullReferenceException)
        {
            return prompt; // another tool's column of that name
        }
    }
}
