using Distill.Inference.Fleet;

namespace Distill.Teacher;

/// <summary>
/// What happens to the servers of a fleet, told once each: that one is gone or back, and each kind of failure. Without it a run that
/// stands still would look like one that thinks.
/// </summary>
internal sealed class FleetNews
{
    private readonly Dictionary<string, string> _states = new(StringComparer.Ordinal);
    private readonly HashSet<(string Endpoint, string Code)> _told = [];

    /// <summary>What is new, one line each.</summary>
    public IEnumerable<string> Since(FleetSnapshot fleet)
    {
        foreach (EndpointSnapshot endpoint in fleet.Endpoints)
        {
            string before = _states.GetValueOrDefault(endpoint.Name, "up");
            _states[endpoint.Name] = endpoint.State;
            string reason = endpoint.LastTrouble is { } trouble ? $": {trouble.Message}" : "";
            if (endpoint.State != before)
            {
                if (endpoint.LastTrouble is not null) _told.Add((endpoint.Name, endpoint.LastTrouble.Code));
                yield return endpoint.State == "up" ? $"{endpoint.Name} is up again" : $"{endpoint.Name} is {endpoint.State}{reason}";
            }
            else if (endpoint is { State: "up", Faults: > 0, LastTrouble: not null } && _told.Add((endpoint.Name, endpoint.LastTrouble.Code)))
                yield return $"{endpoint.Name}: an attempt failed{reason}";
        }
    }
}
