using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.RegularExpressions;
using Distill.Chat;
using Distill.Export.Gguf;
using Distill.Inference;
using Distill.Inference.Endpoints;
using Distill.Inference.Fleet;
using Distill.PeerTests;
using Distill.Tests;

namespace Distill.Benchmarks;

/// <summary>
/// Useful tokens a second out of a llama.cpp server that has always more to do than it can: through the fleet, and through the
/// simplest client there is, which posts and reads to the end. The same requests, as many at once, greedy, in turn.
/// </summary>
internal sealed partial class FleetSaturation : IMeasurement
{
    private const int Slots = 4, MaxTokens = 160, Rounds = 3;

    public string Name => "saturation";

    public string Summary => "throughput of a saturated llama.cpp server through the fleet, against the simplest client: [requests]";

    public async Task RunAsync(string[] arguments)
    {
        int requests = arguments.Length > 0 ? int.Parse(arguments[0]) : 200;
        using var folder = new TemporaryFolder();
        GgufExport.Write(Path.Combine(NodePeer.ProjectFolder, "..", "..", "artifacts", "tiny-r1"), folder["tiny-r1.gguf"], GgufFileType.F32, "tiny-r1");
        await using LlamaServer server = await LlamaServer.StartAsync(folder["tiny-r1.gguf"], Slots);
        await PostAsync(server.Url, Slots); // compiled and connected
        await CompleteAsync(server.Url, Slots);
        var rates = new List<(double Simple, double Fleet)>();
        for (int round = 0; round < Rounds; round++)
        {
            rates.Add((await RateAsync(() => PostAsync(server.Url, requests)), await RateAsync(() => CompleteAsync(server.Url, requests))));
            Console.WriteLine($"  {rates[^1].Simple:0} tokens/s simply, {rates[^1].Fleet:0} through the fleet: {rates[^1].Fleet / rates[^1].Simple:0.000}");
        }
        double best = rates.Max(rate => rate.Simple), fleet = rates.Max(rate => rate.Fleet);
        Console.WriteLine($"best of {Rounds}: {best:0} tokens/s simply, {fleet:0} through the fleet: {fleet / best:0.000} of the simple client's");
    }

    private static async Task<double> RateAsync(Func<Task<long>> work)
    {
        long started = Stopwatch.GetTimestamp();
        return await work() / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static string Problem(int index) => $"Compute {11 + (index * 7 % 80)}+{12 + (index * 13 % 70)}*{3 + (index % 60)}.";

    private static async Task<long> CompleteAsync(string url, int count)
    {
        var endpoint = new EndpointOptions { Url = url };
        var options = new FleetOptions { Endpoints = [endpoint], Model = "tiny-r1", Concurrency = Slots };
        await using var fleet = new EndpointFleet(options, [new FleetEndpoint(endpoint, options, new OpenAIEngine(endpoint, options))]);
        var requests = Enumerable.Range(0, count).Select(i => new CompletionRequest($"r{i}", [new(MessageRole.User, Problem(i))], new SamplingOptions { Temperature = 0, MaxTokens = MaxTokens }));
        long tokens = 0;
        await foreach (CompletedRequest one in fleet.CompleteAsync(requests, CancellationToken.None)) tokens += one.Completion.CompletionTokens;
        return tokens;
    }

    private static async Task<long> PostAsync(string url, int count)
    {
        using var client = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
        long tokens = 0;
        await Parallel.ForEachAsync(Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = Slots }, async (i, cancellation) =>
        {
            var body = new { model = "tiny-r1", messages = new[] { new { role = "user", content = Problem(i) } }, temperature = 0, max_tokens = MaxTokens, stream = true, stream_options = new { include_usage = true } };
            using HttpResponseMessage reply = await client.PostAsJsonAsync(url + "/chat/completions", body, cancellation);
            string answer = await reply.EnsureSuccessStatusCode().Content.ReadAsStringAsync(cancellation);
            Interlocked.Add(ref tokens, long.Parse(Count().Matches(answer)[^1].Groups[1].ValueSpan));
        });
        return tokens;
    }

    [GeneratedRegex("\"completion_tokens\": *([0-9]+)")]
    private static partial Regex Count();
}
