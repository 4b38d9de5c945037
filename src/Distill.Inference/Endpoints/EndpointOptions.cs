namespace Distill.Inference.Endpoints;

/// <summary>Where an OpenAI-compatible server is and how patiently it is asked.</summary>
public sealed record EndpointOptions
{
    /// <summary>Base address, e.g. <c>http://host:8000/v1</c>; <c>/v1</c> is added to an address without a path.</summary>
    public required string Url { get; init; }

    /// <summary>Name of the model as the server knows it.</summary>
    public required string Model { get; init; }

    /// <summary>The key, where the server asks for one.</summary>
    public ApiKey? Key { get; init; }

    /// <summary>Requests under way at the same time.</summary>
    public int Concurrency { get; init; } = 8;

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

    /// <summary>Clock of all waiting and measuring.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
