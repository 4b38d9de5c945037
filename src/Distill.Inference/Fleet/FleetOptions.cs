using Distill.Chat;
using Distill.Inference.Endpoints;

namespace Distill.Inference.Fleet;

/// <summary>A fleet of servers that serve the same model, and how patiently they are asked.</summary>
public sealed record FleetOptions
{
    /// <summary>The servers.</summary>
    public required IReadOnlyList<EndpointOptions> Endpoints { get; init; }

    /// <summary>Name of the model as the servers know it.</summary>
    public required string Model { get; init; }

    /// <summary>Revision of the model, for the identity of its completions; null when nobody says.</summary>
    public string? Revision { get; init; }

    /// <summary>The key, where the servers ask for one.</summary>
    public ApiKey? Key { get; init; }

    /// <summary>Tokenizer of the model, by which log-probabilities are told; needed where requests ask for them.</summary>
    public ModelTokenizer? Tokenizer { get; init; }

    /// <summary>Context that Ollama is asked to make room for; null is the completion's limit and some room for the prompt.</summary>
    public int? ContextLength { get; init; }

    /// <summary>Most requests under way at each endpoint, and where it starts; null starts at what the server says, or 8, and finds out.</summary>
    public int? Concurrency { get; init; }

    /// <summary>Attempts after the first one for failures that may pass.</summary>
    public int MaxRetries { get; init; } = 6;

    /// <summary>Pause before the first retry; it doubles each time, with jitter.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Longest pause between attempts, also where the server asks for a longer one.</summary>
    public TimeSpan MaxRetryDelay { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Longest wait for a connection.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest wait for the first text: servers queue without saying so.</summary>
    public TimeSpan QueueTimeout { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>
    /// Longest silence between two pieces of text once it flows, or 30 times the stream's usual gap where that is longer.
    /// Keep-alive comments do not count as text. There is no limit on the whole: that would prefer short reasoning.
    /// </summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Longest time for one request over all its attempts.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromHours(6);

    /// <summary>Longest time without any text from any endpoint while requests fail; then the run stops, and can go on later.</summary>
    public TimeSpan OutagePatience { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>Silence of all streams of an endpoint after which it gets no new requests before it has proved that it lives.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>First pause of an endpoint that keeps failing; it doubles up to five minutes.</summary>
    public TimeSpan BreakDuration { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>What to do with completions that the token limit cut off.</summary>
    public TruncationPolicy OnTruncation { get; init; }

    /// <summary>Whether a completion that strays into another script is stopped under way and asked for once more.</summary>
    public bool RejectLanguageMixing { get; init; }

    /// <summary>Whether a request that has had no text for long is also sent to an idle endpoint; the first complete answer counts.</summary>
    public bool Hedge { get; init; }

    /// <summary>Least wait before a request is hedged.</summary>
    public TimeSpan HedgeDelay { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Requests that each endpoint accepts in a minute; null is no limit.</summary>
    public int? RequestsPerMinute { get; init; }

    /// <summary>Tokens of prompts and completions that each endpoint accepts in a minute; null is no limit.</summary>
    public int? TokensPerMinute { get; init; }

    /// <summary>Most tokens that the run may use, waste included; null is no cap.</summary>
    public long? MaxTokensTotal { get; init; }

    /// <summary>Most dollars that the run may cost, waste included; null is no cap.</summary>
    public double? MaxCost { get; init; }

    /// <summary>Dollars for a million tokens of prompts.</summary>
    public double PromptPrice { get; init; }

    /// <summary>Dollars for a million tokens of completions.</summary>
    public double CompletionPrice { get; init; }

    /// <summary>Chance in the pauses between attempts, in [0, 1): many clients must not come back at the same moment.</summary>
    internal Func<double> Jitter { get; init; } = Random.Shared.NextDouble;

    /// <summary>Clock of all waiting and measuring.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
