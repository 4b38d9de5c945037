using Distill.Inference.Fleet;

namespace Distill.Inference.Endpoints;

/// <summary>Whether a server completes requests.</summary>
/// <param name="IsReady">It produced a token.</param>
/// <param name="IsHopeless">It will never: another server answers there, or it refuses the key.</param>
/// <param name="Reason">What it said instead, without secrets; empty when it is ready.</param>
public sealed record EndpointReadiness(bool IsReady, bool IsHopeless, string Reason)
{
    /// <summary>Asks a server for one token. Loading a large model takes half an hour, in which servers refuse connections or answer 503.</summary>
    /// <param name="endpoint">The server.</param>
    /// <param name="model">Name of the model there.</param>
    /// <param name="key">The key, where it asks for one.</param>
    /// <param name="patience">How long the token may take.</param>
    /// <param name="time">Clock.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="Runs.InputException">The address cannot be used.</exception>
    public static async Task<EndpointReadiness> AskAsync(EndpointOptions endpoint, string model, ApiKey? key, TimeSpan patience, TimeProvider time, CancellationToken cancellation)
    {
        await using var engine = new OpenAIEngine(endpoint, new FleetOptions { Endpoints = [endpoint], Model = model, Key = key, Time = time });
        try
        {
            await OneToken.AskAsync(engine, patience, time, cancellation);
            return new(true, false, "");
        }
        catch (EndpointFault fault)
        {
            fault.Key = endpoint.Key ?? key;
            return new(false, fault.Kind == FaultKind.Fatal, fault.Message);
        }
    }
}
