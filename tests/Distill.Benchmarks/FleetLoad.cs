using System.Diagnostics;
using Distill.Chat;
using Distill.Inference;
using Distill.Inference.Endpoints;
using Distill.Inference.Fleet;

namespace Distill.Benchmarks;

/// <summary>
/// 1,000 streams of 20 tokens a second each, from an engine in a process of its own: what the fleet costs beside a client
/// that only reads the bytes. <c>fleet [streams] [tokens of each] [tokens of a chunk]</c>
/// </summary>
internal sealed class FleetLoad : IMeasurement
{
    public string Name => "fleet";

    public string Summary => "1,000 streams at 20 tokens/s: CPU, memory, added delay, against a client that reads and forgets";

    public async Task RunAsync(string[] arguments)
    {
        if (arguments is ["serve", ..])
        {
            await PacedServer.RunAsync(int.Parse(arguments[1]), int.Parse(arguments[2]));
            return;
        }
        int streams = arguments.Length > 0 ? int.Parse(arguments[0]) : 1000, tokens = arguments.Length > 1 ? int.Parse(arguments[1]) : 300, perChunk = arguments.Length > 2 ? int.Parse(arguments[2]) : 1;
        using Process server = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, [typeof(FleetLoad).Assembly.Location, "fleet", "serve", $"{tokens}", $"{perChunk}"]) { RedirectStandardOutput = true, RedirectStandardInput = true })!;
        try
        {
            string url = $"http://127.0.0.1:{await server.StandardOutput.ReadLineAsync()}/v1";
            double chunks = (double)streams * tokens / perChunk / 1e6;
            await DrainAsync(url, Math.Min(streams, 50)); // both begin warm
            double drain = await CpuSecondsAsync(() => DrainAsync(url, streams));
            Console.WriteLine($"reads and forgets: {drain / chunks:0.0} CPU-s for a million chunks");
            var engine = new MeasuredEngine(new OpenAIEngine(new EndpointOptions { Url = url }, Options(url, streams)));
            int completed = 0;
            double fleet = await CpuSecondsAsync(async () => completed = await CompleteAsync(engine, url, streams, tokens));
            using var self = Process.GetCurrentProcess();
            Console.WriteLine($"fleet: {fleet / chunks:0.0} CPU-s for a million chunks ({fleet / drain:0.00} of reading), {streams - completed} of {streams} lost, p50/p99 added delay {engine.Delay(0.5):0.0}/{engine.Delay(0.99):0.0} ms, {self.PeakWorkingSet64 >> 20} MB resident at most");
        }
        finally
        {
            server.Kill();
        }
    }

    private static FleetOptions Options(string url, int streams) => new() { Endpoints = [new EndpointOptions { Url = url }], Model = "m", Concurrency = streams };

    private static async Task<double> CpuSecondsAsync(Func<Task> work)
    {
        using var self = Process.GetCurrentProcess();
        TimeSpan before = self.TotalProcessorTime;
        await work();
        self.Refresh();
        return (self.TotalProcessorTime - before).TotalSeconds;
    }

    private static async Task<int> CompleteAsync(IEngine engine, string url, int streams, int tokens)
    {
        FleetOptions options = Options(url, streams);
        await using var fleet = new EndpointFleet(options, [new FleetEndpoint(options.Endpoints[0], options, engine)]);
        var requests = Enumerable.Range(0, streams).Select(i => new CompletionRequest($"r{i}", [new(MessageRole.User, "?")], new SamplingOptions { MaxTokens = tokens }));
        int completed = 0;
        await foreach (CompletedRequest one in fleet.CompleteAsync(requests, CancellationToken.None))
            if (one.Failure is null && one.Completion.CompletionTokens == tokens) completed++;
        return completed;
    }

    private static async Task DrainAsync(string url, int streams)
    {
        using var client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = streams }) { Timeout = Timeout.InfiniteTimeSpan };
        await Task.WhenAll(Enumerable.Range(0, streams).Select(async _ =>
        {
            using var message = new HttpRequestMessage(HttpMethod.Post, url + "/chat/completions") { Content = new StringContent("{}") };
            using HttpResponseMessage reply = await client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead);
            await using Stream body = await reply.Content.ReadAsStreamAsync();
            byte[] buffer = new byte[4096];
            while (await body.ReadAsync(buffer) > 0) { }
        }));
    }

    /// <summary>Notes how late each chunk is: the server writes the moment of sending into its text.</summary>
    private sealed class MeasuredEngine(IEngine inner) : IEngine
    {
        private readonly int[] _delays = new int[10_000]; // tenths of a millisecond

        public string Name => inner.Name;

        public bool CanContinue => inner.CanContinue;

        public Task<EngineFacts> ProbeAsync(CancellationToken cancellation) => inner.ProbeAsync(cancellation);

        public Task<EngineLoad?> LoadAsync(CancellationToken cancellation) => inner.LoadAsync(cancellation);

        public async IAsyncEnumerable<EngineEvent> StreamAsync(EngineCall call, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
        {
            await foreach (EngineEvent taken in inner.StreamAsync(call, cancellation))
            {
                if (taken.Kind == EngineEventKind.Content && System.Buffers.Text.Utf8Parser.TryParse(taken.Utf8.Span, out long sent, out _))
                    Interlocked.Increment(ref _delays[Math.Clamp((Stopwatch.GetTimestamp() / 100_000) - sent, 0, _delays.Length - 1)]);
                yield return taken;
            }
        }

        public double Delay(double share)
        {
            long all = _delays.Sum(count => (long)count), seen = 0;
            for (int i = 0; i < _delays.Length; i++)
                if ((seen += _delays[i]) >= share * all) return i / 10.0;
            return double.NaN;
        }

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
