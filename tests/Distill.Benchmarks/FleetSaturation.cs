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
/// simplest client there is, which posts and reads to the end. The same greedy requests, as many at once. Both take turns in many
/// short rounds, each first in every other one, so that what else the machine does meets both; a round gives one ratio, and the
/// median of them is judged with the interval that its order statistics give, whatever their distribution.
/// </summary>
internal sealed partial class FleetSaturation : IMeasurement
{
    private const int Slots = 4, MaxTokens = 160, RequestsOfARound = 40;
    private const double Bar = 0.98;

    public string Name => "saturation";

    public string Summary => "throughput of a saturated llama.cpp server through the fleet, against the simplest client: [rounds]";

    public async Task RunAsync(string[] arguments)
    {
        int rounds = arguments.Length > 0 ? int.Parse(arguments[0]) : 20;
        using var folder = new TemporaryFolder();
        GgufExport.Write(Path.Combine(NodePeer.ProjectFolder, "..", "..", "artifacts", "tiny-r1"), folder["tiny-r1.gguf"], GgufFileType.F32, "tiny-r1");
        await using LlamaServer server = await LlamaServer.StartAsync(folder["tiny-r1.gguf"], Slots);
        var endpoint = new EndpointOptions { Url = server.Url };
        var options = new FleetOptions { Endpoints = [endpoint], Model = "tiny-r1", Concurrency = Slots };
        await using var fleet = new EndpointFleet(options, [new FleetEndpoint(endpoint, options, new OpenAIEngine(endpoint, options))]);
        using var client = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
        Func<Task<long>> simply = () => PostAsync(client, server.Url), byFleet = () => CompleteAsync(fleet);
        await simply(); // compiled and connected
        await byFleet();

        var ratios = new List<double>();
        double simple = 0, ours = 0; // tokens a second, summed over the rounds
        for (int round = 0; round < rounds; round++)
        {
            bool fleetFirst = round % 2 == 1;
            double first = await RateAsync(fleetFirst ? byFleet : simply), second = await RateAsync(fleetFirst ? simply : byFleet);
            (double posted, double completed) = fleetFirst ? (second, first) : (first, second);
            (simple, ours) = (simple + posted, ours + completed);
            ratios.Add(completed / posted);
        }
        ratios.Sort();
        Console.WriteLine($"{rounds} rounds of {RequestsOfARound} requests: {simple / rounds:n0} tokens/s simply, {ours / rounds:n0} through the fleet; single rounds {ratios[0]:0.000} to {ratios[^1]:0.000}");
        int from = LowestOfInterval(rounds);
        (double low, double median, double high) = (ratios[from], (ratios[(rounds - 1) / 2] + ratios[rounds / 2]) / 2, ratios[^(from + 1)]);
        string verdict = low >= Bar ? "held" : high < Bar ? "missed" : "neither held nor missed: more rounds, or a quieter machine";
        Console.WriteLine($"through the fleet {median:0.000} of the simple client's throughput (median; 95 % interval {low:0.000} to {high:0.000}); bar {Bar}: {verdict}");
    }

    // The sorted ratio that the median is above with at least 97.5 % probability: each is above it or below like a coin. The lowest if there are too few.
    private static int LowestOfInterval(int count)
    {
        double probability = Math.Pow(0.5, count), below = probability;
        int lowest = 0;
        for (int k = 1; k < count; k++)
        {
            probability *= (double)(count - k + 1) / k;
            below += probability;
            if (below > 0.025) break;
            lowest = k;
        }
        return lowest;
    }

    private static async Task<double> RateAsync(Func<Task<long>> work)
    {
        long started = Stopwatch.GetTimestamp();
        return await work() / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static string Problem(int index) => $"Compute {11 + (index * 7 % 80)}+{12 + (index * 13 % 70)}*{3 + (index % 60)}.";

    private static async Task<long> CompleteAsync(EndpointFleet fleet)
    {
        var requests = Enumerable.Range(0, RequestsOfARound).Select(i => new CompletionRequest($"r{i}", [new(MessageRole.User, Problem(i))], new SamplingOptions { Temperature = 0, MaxTokens = MaxTokens }));
        long tokens = 0;
        await foreach (CompletedRequest one in fleet.CompleteAsync(requests, CancellationToken.None)) tokens += one.Completion.CompletionTokens;
        return tokens;
    }

    private static async Task<long> PostAsync(HttpClient client, string url)
    {
        long tokens = 0;
        await Parallel.ForEachAsync(Enumerable.Range(0, RequestsOfARound), new ParallelOptions { MaxDegreeOfParallelism = Slots }, async (i, cancellation) =>
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
