using Distill.Runs;
using Xunit;

namespace Distill.Tests.Runs;

public sealed class OptionSetTests
{
    private static readonly OptionSet Set = OptionSet.Of<Sample>();

    [Fact]
    public void DefaultsHoldWhereNothingIsGiven()
    {
        var options = Bind(File("out", 3, "x"));

        Assert.Equal(new Sample { Out = "x" }.MaxSteps, options.MaxSteps);
        Assert.Equal([GgufKind.F16], options.Gguf);
        Assert.Null(options.Limit);
    }

    [Fact]
    public void WhatIsInheritedComesFirstAndBindsLikeTheRest()
    {
        OptionSet set = OptionSet.Of<Derived>();

        Assert.Equal(["model", "length", "own"], set.Options.Select(option => option.Key));
        Assert.Equal(new Derived { Model = "m", Own = 2 }, set.Bind<Derived>("s", null, [Flag("model", "m"), Flag("own", "2")]));
    }

    [Fact]
    public void ALaterValueReplacesAnEarlierOne()
    {
        var options = Bind(File("out", 3, "x"), File("max_steps", 4, "10"), Flag("max-steps", "20"));

        Assert.Equal(20, options.MaxSteps);
    }

    [Fact]
    public void EveryTypeConverts()
    {
        var options = Bind(File("out", 1, "x"), File("limit", 2, "7"), File("seed", 3, "-9000000000"), File("rate", 4, "2e-3"),
            File("packing", 5, "True"), File("mode", 6, "ANSWERS_only"), File("gguf", 7, "q8_0", "BF16"), File("verify", 8, "math,strict"));

        Assert.Equal(7, options.Limit);
        Assert.Equal(-9000000000, options.Seed);
        Assert.Equal(2e-3, options.Rate);
        Assert.True(options.Packing);
        Assert.Equal(LearnFrom.AnswersOnly, options.Mode);
        Assert.Equal([GgufKind.Q8_0, GgufKind.BF16], options.Gguf);
        Assert.Equal(["math,strict"], options.Verify);
    }

    [Fact]
    public void NamesMayBeWrittenWithCommas() =>
        Assert.Equal(["q_proj", "v_proj", "o_proj"], OptionSet.Of<Named>().Bind<Named>("s", null, [Flag("targets", "q_proj,v_proj", "o_proj")]).Targets);

    [Fact]
    public void ABareFlagMeansYesAndANullEmptiesWhatCanBeEmpty()
    {
        var options = Bind(File("out", 1, "x"), File("limit", 2, "7"), File("limit", 3), Flag("packing"), File("gguf", 4));

        Assert.True(options.Packing);
        Assert.Null(options.Limit);
        Assert.Empty(options.Gguf);
    }

    [Fact]
    public void WordsOfAClosedSetMayBeJoinedByCommas() =>
        Assert.Equal([GgufKind.F16, GgufKind.Q8_0], Bind(File("out", 1, "x"), Flag("gguf", "F16,Q8_0")).Gguf);

    [Theory]
    [InlineData("max_stepz", "10", "p.yaml:12: key `max_stepz` is unknown for stage `train`", "did you mean `max_steps`?")]
    [InlineData("max_steps", "many", "p.yaml:12: key `max_steps`: `many` is not a whole number", "give a whole number")]
    [InlineData("max_steps", "1e3", "p.yaml:12: key `max_steps`: `1e3` is not a whole number", "give a whole number")]
    [InlineData("max_steps", "99999999999", "p.yaml:12: key `max_steps`: `99999999999` is out of range", "give a whole number")]
    [InlineData("rate", "NaN", "p.yaml:12: key `rate`: `NaN` is not a number", "give a number")]
    [InlineData("packing", "yes", "p.yaml:12: key `packing`: `yes` is not `true` or `false`", "give `true` or `false`")]
    [InlineData("mode", "answers", "p.yaml:12: key `mode`: `answers` is unknown", "choose from `traces`, `answers-only`")]
    [InlineData("gguf", "Q4_K_M", "p.yaml:12: key `gguf`: `Q4_K_M` is unknown", "choose from `F16`, `BF16`, `Q8_0`")]
    public void AWrongValueSaysWhereAndWhatWouldBeRight(string key, string value, string message, string hint)
    {
        var error = Assert.Throws<InputException>(() => Bind(File("out", 1, "x"), File(key, 12, value)));

        Assert.Equal(message, error.Message);
        Assert.Equal(hint, error.Hint);
    }

    [Fact]
    public void AFlagIsNamedAsAFlag()
    {
        var error = Assert.Throws<InputException>(() => Bind(Flag("out", "x"), Flag("max-stepz", "1")));

        Assert.Equal("`--max-stepz` is unknown for stage `train`", error.Message);
        Assert.Equal("did you mean `--max-steps`?", error.Hint);
    }

    [Fact]
    public void AScalarTakesOneValueAndNeedsOne()
    {
        Assert.Contains("takes one value, not 2", Assert.Throws<InputException>(() => Bind(File("out", 1, "x"), File("seed", 2, "1", "2"))).Message);
        Assert.Contains("needs a value", Assert.Throws<InputException>(() => Bind(File("out", 1, "x"), File("seed", 2))).Message);
    }

    [Fact]
    public void OptionsThatCheckThemselvesAreAskedAtOnceAndTheirPlaceIsNamed()
    {
        OptionSet set = OptionSet.Of<Bounded>();

        Assert.Equal(1, set.Bind<Bounded>("b", null, [Flag("size", "1")]).Size);
        Assert.Equal("`size` is 0", Assert.Throws<InputException>(() => set.Bind("b", null, [Flag("size", "0")])).Message);
        InputException error = Assert.Throws<InputException>(() => set.Bind("b", "p.yaml:3", [File("size", 3, "0")]));
        Assert.Equal("p.yaml:3: `size` is 0", error.Message);
        Assert.Equal("give 1 or more", error.Hint);
    }

    private sealed record Bounded : ICheckedOptions
    {
        [Option("size")]
        public int Size { get; init; } = 1;

        public void Check()
        {
            if (Size < 1) throw new InputException($"`size` is {Size}", "give 1 or more");
        }
    }

    [Fact]
    public void EveryProblemIsReportedAtOnce()
    {
        var error = Assert.Throws<InputException>(() => Bind(File("max_steps", 4, "x"), File("nonsense_key", 5, "1")));

        Assert.Equal(3, error.Message.Split('\n').Length);
        Assert.Contains("p.yaml:4", error.Message);
        Assert.Contains("p.yaml:5", error.Message);
        Assert.EndsWith("p.yaml:2: stage `train`: `out` is required", error.Message);
        Assert.EndsWith("add `out: PATH`", error.Hint);
    }

    [Fact]
    public void AMissingFlagIsNamedAsAFlag()
    {
        var error = Assert.Throws<InputException>(() => Set.Bind<Sample>("train", null, []));

        Assert.Equal("train: `--out` is required", error.Message);
        Assert.Equal("add `--out PATH`", error.Hint);
    }

    [Fact]
    public void ManifestsListEveryOptionInTheOrderOfTheRecord() =>
        Assert.Equal(
            """{"out":"x","max_steps":100,"limit":null,"seed":17,"rate":0.001,"packing":false,"mode":"traces","gguf":["F16"],"verify":["math"],"threads":0}""",
            Set.ToJson(new Sample { Out = "x" }).ToJsonString());

    [Fact]
    public void OnlyWhatDecidesTheResultIsFingerprinted()
    {
        string first = Set.ToResultJson(new Sample { Out = "a", Threads = 1 }).ToJsonString();
        string second = Set.ToResultJson(new Sample { Out = "b", Threads = 2 }).ToJsonString();
        string third = Set.ToResultJson(new Sample { Out = "a", Seed = 18 }).ToJsonString();

        Assert.Equal(first, second);
        Assert.NotEqual(first, third);
        Assert.StartsWith("""{"gguf":""", first);
    }

    [Fact]
    public void ATypeThatNoOptionCanHaveIsRefused() =>
        Assert.Throws<InvalidOperationException>(OptionSet.Of<Unsupported>);

    [Fact]
    public void HelpShowsDefaultsAndAcceptedWords()
    {
        Assert.Equal("traces|answers-only", Set.Find("mode")!.ValueName);
        Assert.Equal("F16", Set.Find("gguf")!.DefaultText);
        Assert.Equal("--max-steps", Set.Find("max-steps")!.Flag);
        Assert.Equal("PATH", Set.Find("out")!.ValueName);
        Assert.Null(Set.Find("not_an_option"));
    }

    private static Sample Bind(params OptionValue[] values) => Set.Bind<Sample>("train", "p.yaml:2", values);

    private static OptionValue File(string key, int line, params string[] values) => new(key, values, $"p.yaml:{line}");

    private static OptionValue Flag(string key, params string[] values) => new(key, values, "--" + key);

    internal enum LearnFrom { Traces, AnswersOnly }

    internal enum GgufKind { F16, BF16, Q8_0 }

    internal sealed record Sample
    {
        [Option("folder", Required = true, IsPath = true)]
        public string Out { get; init; } = "";

        [Option("steps")]
        public int MaxSteps { get; init; } = 100;

        [Option("limit")]
        public int? Limit { get; init; }

        [Option("seed")]
        public long Seed { get; init; } = 17;

        [Option("rate")]
        public double Rate { get; init; } = 1e-3;

        [Option("packing")]
        public bool Packing { get; init; }

        [Option("mode")]
        public LearnFrom Mode { get; init; }

        [Option("types")]
        public IReadOnlyList<GgufKind> Gguf { get; init; } = [GgufKind.F16];

        [Option("verifiers")]
        public IReadOnlyList<string> Verify { get; init; } = ["math"];

        [Option("threads", DoesNotChangeResult = true)]
        public int Threads { get; init; }

        public string NotAnOption => Out;
    }

    internal sealed record Named
    {
        [Option("names", IsName = true)]
        public IReadOnlyList<string> Targets { get; init; } = [];
    }

    internal sealed record Unsupported
    {
        [Option("date")]
        public DateOnly When { get; init; }
    }

    private abstract record Shared
    {
        [Option("a name")]
        public string Model { get; init; } = "";

        [Option("a number")]
        public int Length { get; init; } = 3;
    }

    private sealed record Derived : Shared
    {
        [Option("its own")]
        public int Own { get; init; }
    }
}
