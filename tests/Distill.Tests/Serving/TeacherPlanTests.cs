using System.Text.Json.Nodes;
using Distill.Runs;
using Distill.Serving;
using Xunit;

namespace Distill.Tests.Serving;

public sealed class TeacherPlanTests
{
    private static readonly GenerationWork EightHundredThousand = new(800_000, 1, 6_000) { Waste = 0 };

    [Fact]
    public void TheWorkOfADataSetOfR1SizeIsKnown()
    {
        Assert.Equal(4.8e9, EightHundredThousand.Tokens);
        Assert.Equal(285, EightHundredThousand.NodeDays(24.4), 1.0); // open-r1's speed
        Assert.Equal(3.75, EightHundredThousand.NodeDays(1_850), 0.01); // DeepSeek's
        Assert.Equal(10_512, TeacherPlan.Of(new() { Prompts = 800_000, MeanTokens = 6_000, Waste = 0, ApiPrice = 2.19 }).ApiCost!.Value, 1);
    }

    [Fact]
    public void LongRequestsCountMoreAmongThoseThatRun()
    {
        // All of one length: half of it on average. Two of 1000 and 3000: mean square 5e6, mean 2000.
        Assert.Equal(100 + 500, (EightHundredThousand with { MeanTokens = 1_000, DeviationTokens = 0, PromptTokens = 100 }).ResidentTokens);
        Assert.Equal(5e6 / 4_000, (EightHundredThousand with { MeanTokens = 2_000, DeviationTokens = 1_000, PromptTokens = 0 }).ResidentTokens);
        // Without a deviation the lengths are exponential, whose mean square is twice the square of the mean.
        Assert.Equal(2_000, (EightHundredThousand with { MeanTokens = 2_000, PromptTokens = 0 }).ResidentTokens);
    }

    [Fact]
    public void AMeasuredSpeedGivesHoursAndMoney()
    {
        TeacherPlan plan = TeacherPlan.Of(new()
        {
            Topology = ["8xH200"],
            Parallelism = Parallelism.DpEp,
            Prompts = 1_000,
            Samples = 2,
            MeanTokens = 5_000,
            Waste = 0.1,
            TokensPerSecond = 1_000,
            Replicas = 2,
            Price = 2,
            AcceptRate = 0.5,
            MaxTokens = 36_000,
        });

        // 11 million tokens at 2 × 1000 × 0.85 a second, and 36,000 tokens of 0.05 s at the end.
        double hours = (11e6 / 1_700 / 3_600) + 0.5;
        Assert.Equal(hours, plan.Hours!.Value, 6);
        Assert.Equal(hours * 16 * 2, plan.Cost!.Value, 6);
        Assert.Equal(plan.Cost.Value / 750, plan.CostPerAcceptedPrompt!.Value, 6); // three of four prompts get one right in two
        Assert.Equal(0.9 * plan.Replicas[0].KvTokens / 5_200 / 1_000, plan.SecondsPerToken!.Value, 6);
    }

    [Fact]
    public void WhatNobodyMeasuredIsNotQuoted()
    {
        TeacherPlan plan = TeacherPlan.Of(new() { Prompts = 1_000, MeanTokens = 5_000, Price = 2, AcceptRate = 0.5 });
        JsonObject json = TeacherPlanJson.Of(plan);

        Assert.Null(plan.Hours);
        Assert.Null(plan.Cost);
        Assert.Equal("not measured", json["work"]!["hours"]!.GetValue<string>());
        Assert.Equal("not measured", json["work"]!["cost"]!.GetValue<string>());
        Assert.All(json["replicas"]!.AsArray(), replica => Assert.Equal("not measured", replica!["tokens_per_second"]!.GetValue<string>()));
        Assert.Equal(["open-r1"], json["replicas"]!.AsArray().Single(replica => replica!["parallelism"]!.GetValue<string>() == "TP16" && replica["topology"]!.GetValue<string>() == "2x8xH100")!["published"]!.AsArray().Select(who => who!.GetValue<string>()));
        Assert.All(PublishedRate.All, rate => Assert.False(string.IsNullOrWhiteSpace(rate.Source)));
        // A rate that counts prompts tells nothing of the time that completions take.
        Assert.All(json["published"]!.AsArray(), rate => Assert.Equal(rate!["counts_prompts"]!.GetValue<bool>(), rate["node_days_at_that_rate"] is null));
    }

    [Fact]
    public void APoorDivisionIsPointedOut()
    {
        Assert.Contains("DP8+EP8 holds 4.9 times as many tokens", Assert.Single(TeacherPlan.Of(new() { Topology = ["8xH200"], Parallelism = Parallelism.Tp }).Warnings), StringComparison.Ordinal);
        Assert.Empty(TeacherPlan.Of(new()).Warnings);
        TeacherPlan slow = TeacherPlan.Of(new() { Topology = ["8xH200"], Parallelism = Parallelism.DpEp, Prompts = 10, MeanTokens = 5_000, TokensPerSecond = 200 });
        Assert.Contains("hours, and teacher-gen gives a request 6", Assert.Single(slow.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void OptionsThatTellNothingAreRefused()
    {
        TeacherPlanOptions[] refused =
        [
            new() { Prompts = 10 }, new() { MeanTokens = 10 }, new() { Prompts = 0, MeanTokens = 1 }, new() { TokensPerSecond = 5 }, new() { AcceptRate = 1.5 }, new() { MemoryFraction = 1 },
            new() { Prompts = 1, MeanTokens = 1, TokensPerSecond = 5 }, new() { Model = "no/such-model" }, new() { Topology = ["8xTPU"] },
        ];

        Assert.All(refused, options => Assert.NotNull(Assert.Throws<InputException>(() => TeacherPlan.Of(options)).Hint));
    }

    [Fact]
    public void AModelFolderIsReadFromItsConfig()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["r1"]);
        string config = File.ReadAllText(Path.Combine(InstallFolder.Find("artifacts/tiny-r1")!, "config.json"));
        File.WriteAllText(folder["r1/config.json"], config);

        ServedShape shape = ServedModels.Find(folder["r1"])!;

        Assert.Equal("r1", shape.Name);
        Assert.Equal(shape.Parameters * 2, shape.Total); // 16-bit floats
        Assert.True(shape.RoutedExperts > 0);
        Assert.Null(ServedModels.Find("someone/else"));
    }
}
