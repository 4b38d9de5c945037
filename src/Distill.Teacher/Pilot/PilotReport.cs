using System.Text.Encodings.Web;
using System.Text.Json;
using Distill.Chat;
using Distill.Runs;
using Distill.Verification;

namespace Distill.Teacher.Pilot;

/// <summary><c>pilot.json</c>: what a pilot measured, and what the whole run will take. Every interval is one of 95 %.</summary>
internal sealed record PilotReport
{
    /// <summary>Name of the file in the stage folder.</summary>
    public const string FileName = "pilot.json";

    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Identity of the teacher.</summary>
    public required string Teacher { get; init; }

    /// <summary>Prompts of the pilot.</summary>
    public required int Prompts { get; init; }

    /// <summary>Rollouts of the pilot.</summary>
    public required int Rollouts { get; init; }

    /// <summary>Whether the prompts were drawn in stretches, because the teacher computes so many rollouts together; else 1.</summary>
    public required int ComputedTogether { get; init; }

    /// <summary>Most tokens of a completion.</summary>
    public required int MaxTokens { get; init; }

    /// <summary>Tokens that half of the rollouts stay below.</summary>
    public required Estimate MedianTokens { get; init; }

    /// <summary>Mean tokens of a rollout; null where one prompt alone was asked.</summary>
    public required Estimate? MeanTokens { get; init; }

    /// <summary>Tokens that 95 % of the rollouts stay below; the upper end is <see cref="MaxTokens"/> where the sample cannot bound it.</summary>
    public required Estimate MostTokens { get; init; }

    /// <summary>Tokens of the longest rollout seen.</summary>
    public required int LongestTokens { get; init; }

    /// <summary>Share of rollouts with the verdict correct; null where nothing was verified.</summary>
    public required Estimate? Accepted { get; init; }

    /// <summary>Share of prompts with at least one such rollout; null where nothing was verified.</summary>
    public required Estimate? PromptsAccepted { get; init; }

    /// <summary>Share of rollouts that the token limit cut off.</summary>
    public required Estimate Truncated { get; init; }

    /// <summary>Share of rollouts that the engine will never complete.</summary>
    public required Estimate Failed { get; init; }

    /// <summary>Rollouts by what became of them.</summary>
    public required SortedDictionary<string, int> EndStates { get; init; }

    /// <summary>Completion tokens paid for and thrown away, as a share of those that were kept.</summary>
    public required double Waste { get; init; }

    /// <summary>Pace; null where no time was measured.</summary>
    public required PilotPace? Pace { get; init; }

    /// <summary>What the whole run will take.</summary>
    public required PilotForecast WholeRun { get; init; }

    /// <summary>Sums a pilot up.</summary>
    /// <param name="teacher">Identity of the teacher.</param>
    /// <param name="options">Options of the run.</param>
    /// <param name="rollouts">The pilot's rollouts, in the order of the plan.</param>
    /// <param name="samplesPerPrompt">Samples that stand side by side.</param>
    /// <param name="group">Rollouts computed together, or null.</param>
    /// <param name="places">Requests that the servers take at the same time, or null.</param>
    /// <param name="total">Rollouts of the whole run.</param>
    /// <param name="tally">Everything that is stored.</param>
    public static PilotReport Of(
        string teacher, TeacherGenOptions options, IReadOnlyList<RolloutRecord> rollouts, int samplesPerPrompt, int? group, int? places, int total, RolloutTally tally)
    {
        RolloutRecord[][] prompts = [.. rollouts.GroupBy(rollout => rollout.Index / samplesPerPrompt).Select(prompt => prompt.ToArray())];
        double[][] tokens = [.. prompts.Select(prompt => prompt.Select(rollout => (double)rollout.Completion.CompletionTokens).ToArray())];
        bool verified = rollouts.Any(rollout => rollout.Verdict.Outcome != Outcome.Unverifiable);
        int left = total - tally.Rollouts;
        PilotPace? pace = PilotPace.Of(prompts, group, places, left, options.Seed);
        double waste = tally.PaidCompletionTokens == 0 ? 0 : (double)tally.WastedCompletionTokens / tally.PaidCompletionTokens;
        return new PilotReport
        {
            Teacher = teacher,
            Prompts = prompts.Length,
            Rollouts = rollouts.Count,
            ComputedTogether = group ?? 1,
            MaxTokens = options.MaxTokens,
            MedianTokens = Estimate.Quantile(tokens, 0.5, options.MaxTokens),
            MeanTokens = Estimate.Ratio(PilotForecast.Sums(prompts, rollout => rollout.Completion.CompletionTokens), options.Seed),
            MostTokens = Estimate.Quantile(tokens, 0.95, options.MaxTokens),
            LongestTokens = rollouts.Max(rollout => rollout.Completion.CompletionTokens),
            Accepted = verified ? Share(prompts, IsAccepted) : null,
            PromptsAccepted = verified ? Estimate.Share([.. prompts.Select(prompt => (prompt.Any(IsAccepted) ? 1.0 : 0.0, 1.0))]) : null,
            Truncated = Share(prompts, rollout => rollout.Completion.FinishReason == FinishReason.Length),
            Failed = Share(prompts, rollout => rollout.Completion.EndState == EndState.Failed),
            EndStates = new(rollouts.CountBy(rollout => JsonNamingPolicy.SnakeCaseLower.ConvertName(rollout.Completion.EndState.ToString())).ToDictionary(), StringComparer.Ordinal),
            Waste = waste,
            Pace = pace,
            WholeRun = PilotForecast.Of(prompts, options, pace, waste, total, tally),
        };
    }

    /// <summary>Writes the file into the stage folder.</summary>
    public void Save(string folder) => AtomicFile.WriteText(Path.Combine(folder, FileName), JsonSerializer.Serialize(this, Json) + "\n");

    private static bool IsAccepted(RolloutRecord rollout) => rollout.Verdict.Outcome == Outcome.Correct;

    private static Estimate Share(RolloutRecord[][] prompts, Func<RolloutRecord, bool> counts) =>
        Estimate.Share([.. prompts.Select(prompt => ((double)prompt.Count(counts), (double)prompt.Length))]);
}
