using System.Net;
using System.Text;
using Xunit;

namespace Distill.CliTests;

/// <summary>The meters reach a collector that the environment names, in OpenTelemetry's own protocol.</summary>
public sealed class TelemetryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void ACollectorGetsTheFiguresOfARun()
    {
        _folder.Write("p.jsonl", """{"prompt":"Compute 1+1.","answer":"2","solution":"1+1 is 2. \\boxed{2}"}""" + "\n");
        int port = FreePort.Take();
        var received = new StringBuilder();
        using var collector = new HttpListener();
        collector.Prefixes.Add($"http://127.0.0.1:{port}/");
        collector.Start();
        _ = Task.Run(() => Collect(collector, received));
        using CliProcess process = CliProcess.Start(_folder.Path, [], ["teacher-gen", "--prompts", "p.jsonl", "--teacher", "worked", "--out", "out"],
            ("OTEL_EXPORTER_OTLP_ENDPOINT", $"http://127.0.0.1:{port}"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"), ("OTEL_RESOURCE_ATTRIBUTES", "cluster=north"), ("OTEL_EXPORTER_OTLP_TIMEOUT", "300000"));

        CliResult result = process.Wait();

        Assert.True(result.ExitCode == 0, result.Error);
        string text;
        lock (received) text = received.ToString();
        foreach (string name in new[] { "POST /v1/metrics", "distill.teacher.samples", "distill.teacher.accept_ratio", "distill.teacher.shard.commits", "distill", "north" })
            Assert.Contains(name, text, StringComparison.Ordinal);
    }

    private static async Task Collect(HttpListener collector, StringBuilder received)
    {
        try
        {
            while (true)
            {
                HttpListenerContext context = await collector.GetContextAsync();
                using var body = new MemoryStream();
                await context.Request.InputStream.CopyToAsync(body);
                lock (received) received.Append(context.Request.HttpMethod).Append(' ').Append(context.Request.RawUrl).Append(Encoding.Latin1.GetString(body.ToArray()));
                context.Response.ContentType = "application/x-protobuf";
                context.Response.Close();
            }
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
        {
            // the test is over
        }
    }
}
