namespace Distill.Chat;

/// <summary>Where and how a completion came to be; empty for a model in this process, whose bytes must not depend on it.</summary>
public sealed record CompletionOrigin
{
    /// <summary>A model in this process.</summary>
    public static CompletionOrigin Local { get; } = new();

    /// <summary>The server that completed it, or empty.</summary>
    public string Endpoint { get; init; } = "";

    /// <summary>The model as the server named it, or empty.</summary>
    public string Model { get; init; } = "";

    /// <summary>The build that the server named, or empty.</summary>
    public string Fingerprint { get; init; } = "";

    /// <summary>Attempts that it took.</summary>
    public int Attempts { get; init; } = 1;

    /// <summary>Seconds from request to first text.</summary>
    public double FirstTextSeconds { get; init; }

    /// <summary>Tokens of the prompt that the server had computed before.</summary>
    public int CachedTokens { get; init; }
}
