using Distill.Inference.Fleet;
using Distill.Teacher;
using Xunit;

namespace Distill.Tests.Teacher;

public sealed class FleetNewsTests
{
    private readonly FleetNews _news = new();

    [Fact]
    public void AServerThatGoesAndComesBackIsToldEachTime()
    {
        Assert.Empty(Told("up"));
        Assert.Equal(["s is down: Connection refused"], Told("down", ("unreachable", "Connection refused"), 5));
        Assert.Empty(Told("down", ("unreachable", "Connection refused"), 6));
        Assert.Equal(["s is up again"], Told("up", ("unreachable", "Connection refused"), 6));
        Assert.Empty(Told("up", ("unreachable", "Connection refused"), 6));
        Assert.Equal(["s is down"], Told("down"));
    }

    [Fact]
    public void EachKindOfFailureIsToldOnce()
    {
        Assert.Equal(["s: an attempt failed: status 500: no"], Told("up", ("server_error", "status 500: no"), 1));
        Assert.Empty(Told("up", ("server_error", "status 500: no again"), 2));
        Assert.Equal(["s: an attempt failed: status 429: slow"], Told("up", ("overloaded", "status 429: slow"), 3));
        Assert.Empty(Told("up", ("server_error", "status 500: no"), 4));
    }

    private string[] Told(string state, (string Code, string Message)? trouble = null, int faults = 0) => [.. _news.Since(new FleetSnapshot(0, 0,
        [new EndpointSnapshot("s", state, 0, 8, 0, 0, 0, 0, faults, trouble is { } last ? new EndpointTrouble(last.Code, last.Message) : null)]))];
}
