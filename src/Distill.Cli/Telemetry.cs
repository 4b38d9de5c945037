using Distill.Inference.Fleet;
using Distill.Runs;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace Distill.Cli;

/// <summary>
/// Sends the meters to an OpenTelemetry collector, where the environment names one. All settings are those of OpenTelemetry itself:
/// <c>OTEL_EXPORTER_OTLP_ENDPOINT</c>, <c>OTEL_EXPORTER_OTLP_PROTOCOL</c>, <c>OTEL_METRIC_EXPORT_INTERVAL</c>, <c>OTEL_RESOURCE_ATTRIBUTES</c> and so on.
/// </summary>
internal sealed class Telemetry : IDisposable
{
    // OpenTelemetry's own default.
    private const int UsualPatienceMilliseconds = 10_000;

    private static readonly string[] Addresses = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"];

    private readonly MeterProvider _provider;

    private Telemetry() => _provider = Sdk.CreateMeterProviderBuilder()
        .ConfigureResource(resource => resource.AddService("distill", serviceVersion: ToolVersion.Current).AddEnvironmentVariableDetector())
        .AddMeter(EndpointFleet.MeterName)
        .AddOtlpExporter()
        .Build();

    /// <summary>Starts to send; null where no collector is named.</summary>
    public static IDisposable? Start() => Addresses.Any(name => Environment.GetEnvironmentVariable(name) is { Length: > 0 }) ? new Telemetry() : null;

    /// <summary>Sends what is left; a collector that does not answer keeps the command from ending no longer than <c>OTEL_EXPORTER_OTLP_TIMEOUT</c> says.</summary>
    public void Dispose()
    {
        _provider.Shutdown(int.TryParse(Environment.GetEnvironmentVariable("OTEL_EXPORTER_OTLP_TIMEOUT"), out int patience) && patience > 0 ? patience : UsualPatienceMilliseconds);
        _provider.Dispose();
    }
}
