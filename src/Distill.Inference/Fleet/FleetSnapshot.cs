namespace Distill.Inference.Fleet;

/// <summary>Where a fleet stands.</summary>
/// <param name="Tokens">Tokens used so far, waste and earlier attempts at the run included.</param>
/// <param name="Cost">Dollars spent so far.</param>
/// <param name="Endpoints">Each endpoint.</param>
public sealed record FleetSnapshot(long Tokens, double Cost, IReadOnlyList<EndpointSnapshot> Endpoints);

/// <summary>Where an endpoint stands.</summary>
/// <param name="Name">Its address.</param>
/// <param name="State"><c>up</c>, <c>down</c> or <c>quarantined</c>.</param>
/// <param name="InFlight">Requests under way.</param>
/// <param name="Limit">Most requests under way.</param>
/// <param name="TokensPerSecond">Tokens a second over the last half minute.</param>
/// <param name="UsefulTokens">Tokens of completions that were kept.</param>
/// <param name="WastedTokens">Tokens of attempts that were not.</param>
/// <param name="Completed">Completions that were kept.</param>
/// <param name="Faults">Attempts that failed.</param>
/// <param name="LastTrouble">What it failed with last, or null.</param>
public sealed record EndpointSnapshot(
    string Name, string State, int InFlight, int Limit, double TokensPerSecond, long UsefulTokens, long WastedTokens, long Completed, long Faults, EndpointTrouble? LastTrouble);

/// <summary>A failure of an endpoint.</summary>
/// <param name="Code">Short code in snake_case.</param>
/// <param name="Message">What happened, for the user, without secrets.</param>
public sealed record EndpointTrouble(string Code, string Message);
