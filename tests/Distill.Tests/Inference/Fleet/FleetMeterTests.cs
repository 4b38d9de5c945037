using System.Diagnostics.Metrics;
using Distill.Inference.Fleet;
using Xunit;
using static Distill.Tests.Inference.Endpoints.EndpointUnderTest;

namespace Distill.Tests.Inference.Fleet;

/// <summary>What monitoring systems see, under the names that dashboards are made for.</summary>
public sealed class FleetMeterTests
{
    private const string Name = "http://metered.example/v1";

    private readonly List<(string Instrument, double Value, Dictionary<string, object?> Tags)> _seen = [];

    [Fact]
    public void EveryFigureOfAnEndpointIsRecorded() => Simulation.Run(async world =>
    {
        using MeterListener listener = Listen();
        bool IsGone() => world.Time.Elapsed.TotalSeconds is > 5 and < 30;
        var engine = new SimulatedEngine(world.Time, TimeSpan.FromSeconds(2)) { Name = Name, IsThere = () => !IsGone() };
        await using EndpointFleet fleet = world.Fleet(Simulation.Options with { PromptPrice = 2, CompletionPrice = 10, MaxRetries = 20 }, engine);
        Assert.Equal(60, (await Collect(fleet, Requests(60))).Count);

        EndpointSnapshot endpoint = fleet.Snapshot().Endpoints[0];
        Assert.Equal(endpoint.UsefulTokens, Sum("distill.teacher.tokens", ("use", "useful"), ("kind", "completion")));
        Assert.Equal(endpoint.WastedTokens, Sum("distill.teacher.tokens", ("use", "waste"), ("kind", "completion")));
        Assert.True(endpoint.WastedTokens > 0);
        Assert.Equal(60 * 7, Sum("distill.teacher.tokens", ("use", "useful"), ("kind", "prompt")));
        Assert.Equal(fleet.Snapshot().Cost, Sum("distill.teacher.cost.usd"), 1e-9);
        Assert.Equal(0, Sum("distill.teacher.inflight"));
        Assert.Equal(60, Sum("distill.teacher.attempts", ("class", "complete")));
        Assert.Equal(endpoint.Faults, Sum("distill.teacher.attempts") - 60);
        Assert.True(Sum("distill.teacher.breaker") >= 2); // it opened, and closed
        Assert.Equal(60 * 9, Sum("gen_ai.client.token.usage", ("gen_ai.token.type", "output"), ("gen_ai.request.model", "m")));
        string[] others = ["distill.teacher.limit", "distill.teacher.ttft", "distill.teacher.chunk_gap", "gen_ai.client.operation.duration", "gen_ai.server.time_to_first_token", "gen_ai.server.time_per_output_token"];
        Assert.All(others, name => Assert.Contains(_seen, one => one.Instrument == name));
    });

    // Other tests' fleets are measured in the same process at the same time: the name tells them apart.
    private MeterListener Listen()
    {
        var listener = new MeterListener { InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == EndpointFleet.MeterName) listener.EnableMeasurementEvents(instrument);
        } };
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Take(instrument, value, tags));
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Take(instrument, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Take(instrument, value, tags));
        listener.Start();
        return listener;
    }

    private void Take(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var named = new Dictionary<string, object?>(tags.ToArray());
        if (named.TryGetValue("server.address", out object? server) && (string?)server == Name) _seen.Add((instrument.Name, value, named));
    }

    private double Sum(string instrument, params (string Tag, string Value)[] tags) => _seen
        .Where(one => one.Instrument == instrument && tags.All(tag => (string?)one.Tags.GetValueOrDefault(tag.Tag) == tag.Value)).Sum(one => one.Value);
}
