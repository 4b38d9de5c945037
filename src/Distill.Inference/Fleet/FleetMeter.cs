using System.Diagnostics.Metrics;

namespace Distill.Inference.Fleet;

/// <summary>
/// What monitoring systems see (<c>dotnet-counters</c>, OpenTelemetry): meter <c>Distill.Teacher</c> and, under the names of
/// OpenTelemetry's conventions for generative AI, the same figures that other clients report.
/// </summary>
internal static class FleetMeter
{
    private static readonly Meter Meter = new(EndpointFleet.MeterName, Runs.ToolVersion.Current);

    /// <summary>Requests under way.</summary>
    public static readonly UpDownCounter<int> InFlight = Meter.CreateUpDownCounter<int>("distill.teacher.inflight", "{request}", "Requests under way.");

    /// <summary>Limit of an endpoint.</summary>
    public static readonly Gauge<int> Limit = Meter.CreateGauge<int>("distill.teacher.limit", "{request}", "Most requests under way at an endpoint.");

    /// <summary>Requests without a place.</summary>
    public static readonly Gauge<int> Queue = Meter.CreateGauge<int>("distill.teacher.queue", "{request}", "Requests that wait for a place.");

    /// <summary>Attempts by how they ended.</summary>
    public static readonly Counter<long> Attempts = Meter.CreateCounter<long>("distill.teacher.attempts", "{attempt}", "Attempts by class.");

    /// <summary>Tokens by use.</summary>
    public static readonly Counter<long> Tokens = Meter.CreateCounter<long>("distill.teacher.tokens", "{token}", "Tokens of prompts and completions, useful or wasted.");

    /// <summary>Endpoints found silent.</summary>
    public static readonly Counter<long> Stalls = Meter.CreateCounter<long>("distill.teacher.stalls", "{stall}", "Endpoints whose streams all fell silent.");

    /// <summary>Changes of breakers.</summary>
    public static readonly Counter<long> Breaker = Meter.CreateCounter<long>("distill.teacher.breaker", "{change}", "Breakers that opened or closed.");

    /// <summary>Wait for the first text.</summary>
    public static readonly Histogram<double> FirstText = Meter.CreateHistogram<double>("distill.teacher.ttft", "s", "Seconds to the first text.");

    /// <summary>Gap between tokens.</summary>
    public static readonly Histogram<double> ChunkGap = Meter.CreateHistogram<double>("distill.teacher.chunk_gap", "s", "Mean gap between the tokens of a completion.");

    /// <summary>Money.</summary>
    public static readonly Counter<double> Cost = Meter.CreateCounter<double>("distill.teacher.cost.usd", "USD", "Money spent, by the prices given.");

    /// <summary>Tokens, by OpenTelemetry's name.</summary>
    public static readonly Histogram<long> TokenUsage = Meter.CreateHistogram<long>("gen_ai.client.token.usage", "{token}", "Tokens of a request.");

    /// <summary>Time of a request, by OpenTelemetry's name.</summary>
    public static readonly Histogram<double> Duration = Meter.CreateHistogram<double>("gen_ai.client.operation.duration", "s", "Time of a request.");

    /// <summary>Wait for the first token, by OpenTelemetry's name.</summary>
    public static readonly Histogram<double> TimeToFirstToken = Meter.CreateHistogram<double>("gen_ai.server.time_to_first_token", "s", "Time to the first token.");

    /// <summary>Time for each token, by OpenTelemetry's name.</summary>
    public static readonly Histogram<double> TimePerOutputToken = Meter.CreateHistogram<double>("gen_ai.server.time_per_output_token", "s", "Time for each token after the first.");

    /// <summary>Tokens of completions that were kept.</summary>
    public const string Useful = "useful";

    /// <summary>Tokens of attempts that came to nothing.</summary>
    public const string Waste = "waste";

    /// <summary>The attribute that names an endpoint.</summary>
    public static KeyValuePair<string, object?> Server(FleetEndpoint endpoint) => new("server.address", endpoint.Engine.Name);

    /// <summary>An attempt ended well.</summary>
    public static void Completed(FleetEndpoint endpoint, string model, CompletedRequest completed, double streamSeconds)
    {
        KeyValuePair<string, object?> server = Server(endpoint), asked = new("gen_ai.request.model", model), served = new("gen_ai.response.model", completed.Completion.Origin.Model);
        Attempts.Add(1, server, new("class", "complete"));
        TokenUsage.Record(completed.Completion.PromptTokens, asked, served, server, new("gen_ai.token.type", "input"));
        TokenUsage.Record(completed.Completion.CompletionTokens, asked, served, server, new("gen_ai.token.type", "output"));
        Duration.Record(completed.Seconds, asked, served, server);
        FirstText.Record(completed.Completion.Origin.FirstTextSeconds, server);
        TimeToFirstToken.Record(completed.Completion.Origin.FirstTextSeconds, asked, server);
        if (completed.Completion.CompletionTokens < 2) return;
        double gap = streamSeconds / (completed.Completion.CompletionTokens - 1);
        ChunkGap.Record(gap, server);
        TimePerOutputToken.Record(gap, asked, server);
    }

    /// <summary>Tokens were paid for.</summary>
    public static void Spent(FleetEndpoint endpoint, string use, int promptTokens, int completionTokens, double dollars)
    {
        Tokens.Add(promptTokens, Server(endpoint), new("use", use), new("kind", "prompt"));
        Tokens.Add(completionTokens, Server(endpoint), new("use", use), new("kind", "completion"));
        if (dollars > 0) Cost.Add(dollars, Server(endpoint));
    }

    /// <summary>An attempt failed.</summary>
    public static void Failed(FleetEndpoint endpoint, string model, string code, double seconds)
    {
        KeyValuePair<string, object?> server = Server(endpoint);
        Attempts.Add(1, server, new("class", code));
        Duration.Record(seconds, new("gen_ai.request.model", model), server, new("error.type", code));
    }
}
