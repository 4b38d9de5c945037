using System.Diagnostics;
using Distill.Chat;
using Distill.Inference;
using Distill.Inference.Endpoints;
using Distill.Inference.Fleet;

namespace Distill.Benchmarks;

/// <summary>
/// 1,000 streams of 20 tokens a second each, from an engine in a process of its own: what the fleet costs beside a client
/// that only reads the bytes. Measured is the steady state: both have run before, and connections, compilation and the end
/// of the streams are left out. <c>fleet [streams] [tokens of each] [tokens of a chunk]</c>
/// </summary>
internal sealed class FleetLoad : IMeasurement
{
    private const int WarmUpTokens = 100;

    public string Name => "fleet";

    public string Summary => "1,000 streams at 20 tokens/s: CPU, memory, added delay, against a client that reads and forgets";

    public async Task RunAsync(string[] arguments)
    {
        if (arguments is ["serve", ..])
        {
            await PacedServer.RunAsync(int.Parse(arguments[1]), int.Parse(arguments[2]));
            return;
        }
        if (arguments is ["read", ..])
        {
            await ReadAsync(int.Parse(arguments[1]), int.Parse(arguments[2]), int.Parse(arguments[3]));
            return;
        }
        int streams = arguments.Length > 0 ? int.Parse(arguments[0]) : 1000, tokens = arguments.Length > 1 ? int.Parse(arguments[1]) : 400, perChunk = arguments.Length > 2 ? int.Parse(arguments[2]) : 1;
        await using (Engine("http://127.0.0.1:1/v1", 1)) { } // before the pipes to other processes, which are sockets too
        double plain = await ChildAsync(["read", $"{streams}", $"{tokens}", $"{perChunk}"], "0"), inline = await ChildAsync(["read", $"{streams}", $"{tokens}", $"{perChunk}"], "1");
        Console.WriteLine($"reads and forgets, as .NET does by itself: {plain:0.0} CPU-s for a million chunks; on the threads that poll the sockets: {inline:0.0}");
        await WithServerAsync(WarmUpTokens * perChunk, perChunk, url => CompleteAsync(Engine(url, streams), url, streams, WarmUpTokens * perChunk));
        await WithServerAsync(tokens, perChunk, async url =>
        {
            MeasuredEngine engine = Engine(url, streams);
            int completed = 0;
            (double fleet, double rate) = await SteadyStateAsync(Length(tokens, perChunk), async () => completed = await CompleteAsync(engine, url, streams, tokens), engine.Count);
            using var self = Process.GetCurrentProcess();
            Console.WriteLine($"fleet: {fleet:0.0} CPU-s for a million chunks ({fleet / plain:0.00} and {fleet / inline:0.00} of reading) at {rate:0} chunks/s, {streams - completed} of {streams} lost, p50/p99 added delay {engine.Delay(0.5):0.0}/{engine.Delay(0.99):0.0} ms, {self.PeakWorkingSet64 >> 20} MB resident at most");
        });
    }

    // The client that only reads has a process of its own: how sockets are polled is decided once for a process.
    private static async Task ReadAsync(int streams, int tokens, int perChunk)
    {
        await WithServerAsync(WarmUpTokens * perChunk, perChunk, url => DrainAsync(url, streams, _ => { }));
        await WithServerAsync(tokens, perChunk, async url =>
        {
            long bytes = 0;
            var (cpu, _) = await SteadyStateAsync(Length(tokens, perChunk), () => DrainAsync(url, streams, read => Interlocked.Add(ref bytes, read)), () => (double)Interlocked.Read(ref bytes) / PacedServer.ChunkBytes(perChunk));
            Console.WriteLine(cpu);
        });
    }

    private static TimeSpan Length(int tokens, int perChunk) => TimeSpan.FromMilliseconds((double)tokens / perChunk * PacedServer.Beat);

    private static async Task<double> ChildAsync(string[] arguments, string inlineCompletions)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, [typeof(FleetLoad).Assembly.Location, "fleet", .. arguments]) { RedirectStandardOutput = true };
        start.Environment["DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS"] = inlineCompletions;
        using Process child = Process.Start(start)!;
        return double.Parse((await child.StandardOutput.ReadToEndAsync()).Trim());
    }

    private static async Task WithServerAsync(int tokens, int perChunk, Func<string, Task> work)
    {
        using Process server = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, [typeof(FleetLoad).Assembly.Location, "fleet", "serve", $"{tokens}", $"{perChunk}"]) { RedirectStandardOutput = true, RedirectStandardInput = true })!;
        try
        {
            await work($"http://127.0.0.1:{await server.StandardOutput.ReadLineAsync()}/v1");
        }
        finally
        {
            server.Kill();
        }
    }

    private static MeasuredEngine Engine(string url, int streams) => new(new OpenAIEngine(new EndpointOptions { Url = url }, Options(url, streams)));

    private static FleetOptions Options(string url, int streams) => new() { Endpoints = [new EndpointOptions { Url = url }], Model = "m", Concurrency = streams };

    // From a quarter of the streams' length on, to shortly before their end.
    private static async Task<(double CpuSecondsOfMillion, double ChunksOfSecond)> SteadyStateAsync(TimeSpan length, Func<Task> work, Func<double> chunks)
    {
        Task running = work();
        await Task.Delay(length / 4);
        var (cpu, before, clock) = (CpuSeconds(), chunks(), Stopwatch.StartNew());
        await Task.Delay(length * 0.65);
        double measured = chunks() - before;
        var result = ((CpuSeconds() - cpu) / measured * 1e6, measured / clock.Elapsed.TotalSeconds);
        await running;
        return result;
    }

    private static double CpuSeconds()
    {
        using var self = Process.GetCurrentProcess();
        return self.TotalProcessorTime.TotalSeconds;
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

    private static async Task DrainAsync(string url, int streams, Action<int> onRead)
    {
        using var client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = streams }) { Timeout = Timeout.InfiniteTimeSpan };
        await Task.WhenAll(Enumerable.Range(0, streams).Select(async _ =>
        {
            using var message = new HttpRequestMessage(HttpMethod.Post, url + "/chat/completions") { Content = new StringContent("{}") };
            using HttpResponseMessage reply = await client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead);
            await using Stream body = await reply.Content.ReadAsStreamAsync();
            byte[] buffer = new byte[4096];
            while (await body.ReadAsync(buffer) is > 0 and var read) onRead(read);
        }));
    }

    /// <summary>Notes how late each chunk is: the server writes the moment of sending into its text.</summary>
    private sealed class MeasuredEngine(IEngine inner) : IEngine
    {
        private readonly int[] _delays = new int[10_000]; // tenths of a millisecond
        private long _chunks;
        private bool _asked;

        public string Name => inner.Name;

        public bool CanContinue => inner.CanContinue;

        public Task<EngineFacts> ProbeAsync(CancellationToken cancellation) => inner.ProbeAsync(cancellation);

        public Task<EngineLoad?> LoadAsync(CancellationToken cancellation) => inner.LoadAsync(cancellation);

        public async IAsyncEnumerable<EngineEvent> StreamAsync(EngineCall call, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
        {
            await foreach (EngineEvent taken in inner.StreamAsync(call, cancellation))
            {
                if (taken.Kind == EngineEventKind.Content) Interlocked.Increment(ref _chunks);
                if (taken.Kind == EngineEventKind.Content && System.Buffers.Text.Utf8Parser.TryParse(taken.Utf8.Span, out long sent, out _))
                    Interlocked.Increment(ref _delays[Math.Clamp((Stopwatch.GetTimestamp() / 100_000) - sent, 0, _delays.Length - 1)]);
                yield return taken;
            }
        }

        /// <summary>Chunks so far; the delays are counted from the first question on.</summary>
        public double Count()
        {
            if (!_asked) Array.Clear(_delays);
            _asked = true;
            return Interlocked.Read(ref _chunks);
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
