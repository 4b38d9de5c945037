using System.Text.Json;
using Distill.Chat;
using Distill.Inference;
using Distill.Inference.Endpoints;
using Distill.Inference.Fleet;
using Distill.Runs;
using Distill.Tests.Inference.Endpoints;
using Xunit;
using static Distill.Tests.Inference.Endpoints.EndpointUnderTest;
using static Distill.Tests.Inference.Endpoints.ScriptedServer;
using static Distill.Tests.Inference.Fleet.FleetFaultTests;

namespace Distill.Tests.Inference.Fleet;

/// <summary>How work is shared out, limited, paid for, and judged.</summary>
public sealed class EndpointFleetTests
{
    // The clock is moved by hand, without regard for who is still at work: only hedging may mind.
    private static readonly FleetOptions Hedging = Simulation.Options with { Hedge = true, QueueTimeout = TimeSpan.FromDays(30), IdleTimeout = TimeSpan.FromDays(30), Deadline = TimeSpan.FromDays(1) };

    private static readonly string Loop = string.Concat(Enumerable.Repeat("Wait, let me check that again. ", 200));

    [Fact]
    public void AWeightOfThreeGetsThreeTimesTheWork() => Simulation.Run(async world =>
    {
        SimulatedEngine light = new(world.Time, TimeSpan.FromSeconds(10)), heavy = new(world.Time, TimeSpan.FromSeconds(10)) { Weight = 3 };
        await using EndpointFleet fleet = world.Fleet(Simulation.Options with { Concurrency = 12 }, light, heavy);
        AssertExactlyOnce(16, await Collect(fleet, Requests(16)));
        Assert.Equal((4, 12), (light.Calls.Count, heavy.Calls.Count));
    });

    [Fact]
    public void AFullServerGetsLessAtATime() => Simulation.Run(async world =>
    {
        SimulatedEngine engine = null!;
        engine = new SimulatedEngine(world.Time, _ => engine.InFlight > 3 ? throw SimulatedEngine.Full : TimeSpan.FromSeconds(10));
        await using EndpointFleet fleet = world.Fleet(Simulation.Options with { Concurrency = 10 }, engine);
        AssertExactlyOnce(60, await Collect(fleet, Requests(60)));
        Assert.InRange(fleet.Snapshot().Endpoints[0].Limit, 3, 7);
    });

    [Fact]
    public void TheLimitGrowsWhileTheEngineKeepsUpAndShrinksWhenItQueues()
    {
        var limit = new ConcurrencyLimit(8, 100);
        var fine = new ConcurrencyLimit.Pace(0.2, 0.2, 0.3, 0.05, 0.05);
        limit.Adjust(wasUsed: false, new EngineLoad(8, 0), fine);
        Assert.Equal(8, limit.Current); // a limit that is not used says nothing
        for (int i = 0; i < 20; i++) limit.Adjust(wasUsed: true, new EngineLoad(8, 0), fine);
        Assert.InRange(limit.Current, 28, 32);
        limit.Adjust(wasUsed: true, new EngineLoad(20, 8), fine); // a queue of 40 %
        Assert.InRange(limit.Current, 19, 22);
        int before = limit.Current;
        limit.Adjust(wasUsed: true, new EngineLoad(20, 3), fine); // 15 %: neither
        Assert.Equal(before, limit.Current);
        limit.Adjust(wasUsed: true, null, fine with { TokenGap = 0.1 }); // tokens twice as slow as at best
        Assert.Equal(before, limit.Current);
        limit.Adjust(wasUsed: true, null, fine with { FirstText = 2 }); // without metrics the wait for the first text tells
        Assert.InRange(limit.Current, (before * 0.7) - 1, (before * 0.7) + 1);
        limit.Overloaded(1);
        limit.Overloaded(1.5); // many hear it at once: one cut
        Assert.InRange(limit.Current, (before * 0.49) - 1, (before * 0.49) + 1);
    }

    [Fact]
    public void AMinutesAllowanceIsNotExceeded()
    {
        var time = new ManualTime();
        var rate = new RateBudget(60, 6000, time);
        int started = 0;
        for (int tick = 0; tick < 600; tick++) // a minute
        {
            while (rate.HasRoom(150))
            {
                rate.Take(150);
                started++;
            }
            time.Advance(TimeSpan.FromMilliseconds(100));
        }
        Assert.InRange(started, 39, 45); // 6000 tokens of 150, and the first burst
        rate.Settle(150, 50);
        Assert.True(rate.HasRoom(100));
    }

    [Fact]
    public async Task TheBudgetStopsTheRunBeforeItIsExceeded()
    {
        await using var server = new ScriptedServer((_, stream) => Send(stream, GoodStream())); // 7 + 9 tokens
        await using var fleet = new EndpointFleet(Options(server.Url) with { MaxTokensTotal = 400 });
        var completed = new List<CompletedRequest>();
        var e = await Assert.ThrowsAsync<InputException>(() => Collect(fleet, Requests(100).Select(request => request with { Sampling = request.Sampling with { MaxTokens = 50 } }), completed));
        Assert.Contains("budget of 400 tokens", e.Message, StringComparison.Ordinal);
        Assert.InRange(completed.Count, 20, 25);
        Assert.True(fleet.Snapshot().Tokens <= 400);
    }

    [Fact]
    public async Task TheMoneyCapCountsWasteAndEarlierAttemptsToo()
    {
        await using var server = new ScriptedServer((request, stream) => Send(stream, request.Number % 2 == 0 ? StreamHead + Delta("content", "half of it") : GoodStream()));
        await using var fleet = new EndpointFleet(Options(server.Url) with { MaxCost = 1, PromptPrice = 1000, CompletionPrice = 10_000, Concurrency = 1 });
        fleet.CountSpent(0, 40); // $0.40
        var wasted = new List<WastedAttempt>();
        fleet.OnWaste = wasted.Add;
        var completed = new List<CompletedRequest>();
        var e = await Assert.ThrowsAsync<InputException>(() => Collect(fleet, Requests(100).Select(request => request with { Sampling = request.Sampling with { MaxTokens = 20 } }), completed));
        Assert.Contains("budget of $1 ", e.Message, StringComparison.Ordinal);
        Assert.InRange(completed.Count, 2, 5);
        Assert.NotEmpty(wasted);
        Assert.All(wasted, waste => Assert.Equal(("stream_cut", 3), (waste.Reason, waste.CompletionTokens))); // ten bytes, about three tokens
        Assert.InRange(fleet.Snapshot().Cost, 0.6, 1);
    }

    [Fact]
    public async Task ALoopIsCutAskedOnceMoreWithAnotherSeedAndThenKeptUnderItsName()
    {
        await using var server = new ScriptedServer(async (_, stream) =>
        {
            await Send(stream, StreamHead);
            for (int i = 0; i < 1000; i++) await Send(stream, Delta("content", Loop[..620]));
        });
        await using var fleet = new EndpointFleet(Options(server.Url) with { Concurrency = 1 });
        CompletedRequest completed = Assert.Single(await Collect(fleet, Requests(1).Select(request => request with { Sampling = request.Sampling with { MaxTokens = 100_000 } })));
        Assert.Equal((EndState.Loop, "loop", FinishReason.Error), (completed.Completion.EndState, completed.Failure, completed.Completion.FinishReason));
        Assert.InRange(completed.Completion.RawText.Length, 2048, 20_000); // not the 620,000 that the server had to say
        Assert.Equal(2, server.Requests.Select(request => request.Json.GetProperty("seed").GetInt64()).Distinct().Count());
        Assert.True(fleet.Snapshot().Endpoints[0].WastedTokens > 400);
    }

    [Fact]
    public async Task AStrayingCompletionIsStoppedUnderWayWhereItIsRejected()
    {
        await using var server = new ScriptedServer(async (_, stream) =>
        {
            await Send(stream, StreamHead);
            for (int i = 0; i < 400; i++) await Send(stream, Delta("content", $"第{i}步我们需要计算二加二等于多少这个问题其实非常简单{i * 7919}"));
            await Send(stream, Finish("stop") + Usage(7, 4000) + Done);
        });
        CompletionRequest[] requests = [.. Requests(1).Select(request => request with { Sampling = request.Sampling with { MaxTokens = 100_000 } })];
        await using var rejecting = new EndpointFleet(Options(server.Url) with { Concurrency = 1, RejectLanguageMixing = true });
        CompletedRequest stopped = Assert.Single(await Collect(rejecting, requests));
        Assert.Equal((EndState.LanguageMixed, "language_mixed", FinishReason.Error), (stopped.Completion.EndState, stopped.Failure, stopped.Completion.FinishReason));
        Assert.InRange(stopped.Completion.RawText.Length, 1000, 2000); // of 13,000
        Assert.Equal(2, server.Requests.Count);

        await using var keeping = new EndpointFleet(Options(server.Url) with { Concurrency = 1 });
        CompletedRequest whole = Assert.Single(await Collect(keeping, requests));
        Assert.Null(whole.Failure);
        Assert.True(whole.Completion.RawText.Length > 10_000);
    }

    [Fact]
    public async Task AGoodSecondTryIsKept()
    {
        await using var server = new ScriptedServer((request, stream) => Send(stream, request.Number == 1
            ? StreamHead + Delta("content", "<think>\n\n</think>\n\n4") + Finish("stop") + Usage(7, 6) + Done : GoodStream()));
        await using var fleet = new EndpointFleet(Options(server.Url));
        CompletedRequest completed = AssertExactlyOnce(1, await Collect(fleet, Requests(1)))[0];
        Assert.Equal((EndState.Complete, 2), (completed.Completion.EndState, completed.Completion.Origin.Attempts));
    }

    public static TheoryData<EndState, string, string> Wrong => new()
    {
        { EndState.EmptyThink, Delta("content", "<think>\n\n</think>\n\n4"), "stop" },
        { EndState.EmptyThink, Delta("content", "\n</thi") + Delta("content", "nk>\n\n4"), "stop" },
        { EndState.UnclosedThink, Delta("content", "<think>\nso it is 4"), "stop" },
        { EndState.UnclosedThink, Delta("reasoning_content", "so it is 4"), "stop" },
        { EndState.LanguageMixed, Delta("content", "<think>\nfirst 我们需要计算二加二等于多少这个问题其实非常简单 then</think>4"), "stop" },
        { EndState.Truncated, Delta("content", "<think>\nso it is"), "length" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task WhatIsWrongWithAWholeCompletionIsNamed(EndState state, string text, string finish)
    {
        await using var server = new ScriptedServer((_, stream) => Send(stream, StreamHead + text + Finish(finish) + Usage(7, 12) + Done));
        await using var fleet = new EndpointFleet(Options(server.Url));
        CompletedRequest completed = AssertExactlyOnce(1, await Collect(fleet, Requests(1)))[0];
        Assert.Equal(state, completed.Completion.EndState);
        Assert.Equal(state is EndState.EmptyThink or EndState.UnclosedThink ? 2 : 1, server.Requests.Count);
    }

    [Fact]
    public async Task ACutCompletionIsGoneOnFrom()
    {
        await using var server = new ScriptedServer((request, stream) => Send(stream, request.Json.GetProperty("messages").GetArrayLength() == 1
            ? StreamHead + Delta("reasoning_content", "two and") + Finish("length") + Usage(7, 3) + Done
            : StreamHead + Delta("reasoning_content", " two") + Delta("content", "4") + Finish("stop") + Usage(10, 4) + Done))
        { ModelsReply = Reply(200, """{"data":[{"id":"m","owned_by":"vllm"}]}""") };
        await using var fleet = new EndpointFleet(Options(server.Url) with { OnTruncation = TruncationPolicy.Continue });
        Completion completion = AssertExactlyOnce(1, await Collect(fleet, Requests(1)))[0].Completion;
        Assert.Equal(("two and two", "4", EndState.Complete), (completion.Reasoning, completion.Answer, completion.EndState));
        Assert.Equal((7, 7), (completion.PromptTokens, completion.CompletionTokens));
        JsonElement asked = server.Requests[1].Json;
        Assert.Equal("<think>\ntwo and", asked.GetProperty("messages")[1].GetProperty("content").GetString());
        Assert.Equal(0, fleet.Snapshot().Endpoints[0].WastedTokens);
    }

    [Fact]
    public async Task ACutCompletionIsAskedForAgainWithMoreRoom()
    {
        await using var server = new ScriptedServer((request, stream) => Send(stream, request.Json.GetProperty("max_tokens").GetInt32() == 1000
            ? StreamHead + Delta("content", "two and") + Finish("length") + Usage(7, 3) + Done : GoodStream()));
        await using var fleet = new EndpointFleet(Options(server.Url) with { OnTruncation = TruncationPolicy.Escalate });
        Assert.Equal("two and two", AssertExactlyOnce(1, await Collect(fleet, Requests(1)))[0].Completion.Reasoning);
        Assert.Equal(2000, server.Requests[1].Json.GetProperty("max_tokens").GetInt32());
        Assert.Equal(3, fleet.Snapshot().Endpoints[0].WastedTokens);
    }

    [Theory]
    [InlineData("This model's maximum context length is 1200 tokens. However, you requested 1300 tokens (300 in the messages, 1000 in the completion). Please reduce the length of the messages or completion.", 900)]
    [InlineData("'max_tokens' or 'max_completion_tokens' is too large: 1000. This model's maximum context length is 1200 tokens and your request has 300 input tokens (1000 > 1200 - 300).", 900)]
    [InlineData("You passed 300 input tokens and requested 1000 output tokens. However, the model's context length is only 1200 tokens, resulting in a maximum input length of 200 tokens.", 900)]
    [InlineData("This model's maximum context length is 1000 tokens. However, you requested 1000 output tokens and your prompt contains at least 1 input tokens, for a total of at least 1001 tokens.", 932)] // no count: twice the estimate of 2, and a template
    [InlineData("Requested token count exceeds the model's maximum context length of 1200 tokens. You requested a total of 1300 tokens: 300 tokens from the input messages and 1000 tokens for the completion.", 900)]
    public async Task ALimitThatLeavesThePromptNoRoomIsLoweredOnce(string refusal, int room)
    {
        await using var server = new ScriptedServer((request, stream) => Send(stream, request.Number == 1 ? Reply(400, JsonSerializer.Serialize(new { message = refusal, @object = "error" })) : GoodStream()));
        await using var fleet = new EndpointFleet(Options(server.Url));
        AssertExactlyOnce(1, await Collect(fleet, Requests(1)));
        Assert.Equal([1000, room], server.Requests.Select(request => request.Json.GetProperty("max_tokens").GetInt32()));
    }

    [Fact]
    public async Task AContextThatLeavesLessThanHalfTheLimitIsTheUsersToMend()
    {
        const string Refusal = "This model's maximum context length is 700 tokens. However, you requested 1300 tokens (300 in the messages, 1000 in the completion).";
        await using var server = new ScriptedServer((_, stream) => Send(stream, Reply(400, JsonSerializer.Serialize(new { message = Refusal, @object = "error" }))));
        await using var fleet = new EndpointFleet(Options(server.Url) with { Concurrency = 1 });
        var e = await Assert.ThrowsAsync<InputException>(() => Collect(fleet, Requests(20)));
        Assert.Contains("--max-tokens", e.Hint, StringComparison.Ordinal);
        Assert.InRange(server.Requests.Count, 8, 19); // one try each, until it is clear what all have in common; another may be on its way by then
    }

    [Theory]
    [InlineData(TruncationPolicy.Continue, 3, "two and two")] // the room that is left is used
    [InlineData(TruncationPolicy.Escalate, 2, "two and")] // there is none
    public async Task WhatTheContextCutsOffStaysWhatItIs(TruncationPolicy policy, int asked, string reasoning)
    {
        const string Refusal = "This model's maximum context length is 1200 tokens. However, you requested 1600 tokens (600 in the messages, 1000 in the completion).";
        await using var server = new ScriptedServer((request, stream) => Send(stream, request.Number switch
        {
            1 => StreamHead + Delta("reasoning_content", "two and") + Finish("length") + Usage(7, 3) + Done,
            2 => Reply(400, JsonSerializer.Serialize(new { message = Refusal, @object = "error" })),
            _ => StreamHead + Delta("reasoning_content", " two") + Delta("content", "4") + Finish("stop") + Usage(10, 4) + Done,
        }))
        { ModelsReply = Reply(200, """{"data":[{"id":"m","owned_by":"vllm"}]}""") };
        await using var fleet = new EndpointFleet(Options(server.Url) with { OnTruncation = policy });
        CompletedRequest completed = AssertExactlyOnce(1, await Collect(fleet, Requests(1)))[0];
        Assert.Equal((reasoning, policy == TruncationPolicy.Continue ? EndState.Complete : EndState.Truncated), (completed.Completion.Reasoning, completed.Completion.EndState));
        Assert.Equal((asked, 0L), (server.Requests.Count, fleet.Snapshot().Endpoints[0].WastedTokens));
        if (policy == TruncationPolicy.Continue) Assert.Equal(600, server.Requests[2].Json.GetProperty("max_tokens").GetInt32());
    }

    [Theory]
    [InlineData(8, 8, null)]
    [InlineData(8, 9, "prompt_changed")] // a second beginning-of-sentence token
    [InlineData(1800, 583, "prompt_changed")] // half the prompt
    public async Task APromptThatTheServerChangedIsNoCompletion(int own, int seen, string? failure)
    {
        await using var server = new ScriptedServer((_, stream) => Send(stream, GoodStream().Replace("\"prompt_tokens\":7", $"\"prompt_tokens\":{seen}", StringComparison.Ordinal)));
        await using var fleet = new EndpointFleet(Options(server.Url));
        Assert.Equal(failure, Assert.Single(await Collect(fleet, Requests(1).Select(request => request with { PromptTokens = own }))).Failure);
    }

    [Fact]
    public async Task WithoutATokenizerTheSamplesOfAPromptCheckEachOther()
    {
        Message[] prompt = [new(MessageRole.User, new string('x', 600))];
        await using var server = new ScriptedServer((request, stream) => Send(stream, GoodStream().Replace("\"prompt_tokens\":7", $"\"prompt_tokens\":{(request.Number == 3 ? 100 : 200)}", StringComparison.Ordinal)));
        await using var fleet = new EndpointFleet(Options(server.Url) with { Concurrency = 1 });
        AssertExactlyOnce(4, await Collect(fleet, Requests(4).Select(request => request with { Messages = prompt })));
        Assert.Equal(5, server.Requests.Count);
    }

    [Fact]
    public async Task ARequestWithoutTextForLongIsSentToAnIdleServerAndComesOnce()
    {
        var time = new ManualTime();
        SimulatedEngine silent = new(time, Timeout.InfiniteTimeSpan), good = new(time, TimeSpan.Zero);
        await using EndpointFleet fleet = Simulation.Fleet(time, Hedging with { Concurrency = 3 }, silent, good);
        Task<List<CompletedRequest>> work = Collect(fleet, Requests(12));
        while (good.Calls.Count + silent.Calls.Count < 12) await Task.Delay(10);
        Assert.InRange(silent.Calls.Count, 1, 3);
        // Nothing but a second question can end it.
        for (int round = 1; !work.IsCompleted; round++) await PassAsync(time, round);
        AssertExactlyOnce(12, await work);
        Assert.Equal(12, good.Calls.Count);
    }

    [Fact]
    public async Task AStreamThatMovesIsNeverHedged()
    {
        var time = new ManualTime();
        SimulatedEngine slow = new(time, 4 * Hedging.HedgeDelay), idle = new(time, TimeSpan.Zero);
        await using EndpointFleet fleet = Simulation.Fleet(time, Hedging with { Concurrency = 1 }, slow, idle);
        Task<List<CompletedRequest>> work = Collect(fleet, Requests(1));
        while (fleet.Endpoints[0].Figures.SlowestFirstTextSeconds == 0) await Task.Delay(10);
        for (int round = 1; !work.IsCompleted; round++) await PassAsync(time, round);
        AssertExactlyOnce(1, await work);
        Assert.Equal((1, 0), (slow.Calls.Count, idle.Calls.Count));
    }

    [Fact]
    public void ThousandsOfRequestsWaitInNobodysMemory() => Simulation.Run(async world =>
    {
        int drawn = 0;
        await using EndpointFleet fleet = world.Fleet(Simulation.Options, new SimulatedEngine(world.Time, TimeSpan.FromSeconds(10)));
        await foreach (CompletedRequest _ in fleet.CompleteAsync(Requests(100_000).Select(request =>
        {
            drawn++;
            return request;
        }), CancellationToken.None))
        {
            await Task.Delay(TimeSpan.FromHours(1), world.Time); // a reader that has something else to do
            break;
        }
        Assert.InRange(drawn, 8, 10); // the one that was read, one that is handed over, twice as many as there are places
    });

    // Ever slower, so that the clock does not run away from a fleet that this machine gives no time.
    private static Task PassAsync(ManualTime time, int round)
    {
        time.Advance(Hedging.HedgeDelay);
        return Task.Delay(10 * round);
    }
}
