using Distill.Runs;
using Distill.Verification;

namespace Distill.Teacher.Pilot;

/// <summary>What a whole run will take, from a pilot of it. Null where the pilot cannot tell.</summary>
/// <param name="Rollouts">Rollouts of the run.</param>
/// <param name="Left">Those that are not stored yet.</param>
/// <param name="PromptTokens">Tokens of all prompts, waste apart.</param>
/// <param name="CompletionTokens">Tokens of all completions, waste apart.</param>
/// <param name="Accepted">Rollouts with the verdict correct.</param>
/// <param name="HoursLeft">Hours that the rest will take.</param>
/// <param name="Dollars">Dollars of the run by the prices given, waste included.</param>
internal sealed record PilotForecast(int Rollouts, int Left, Estimate? PromptTokens, Estimate? CompletionTokens, Estimate? Accepted, Estimate? HoursLeft, Estimate? Dollars)
{
    /// <summary>Forecasts a run.</summary>
    /// <param name="prompts">The pilot's rollouts by prompt.</param>
    /// <param name="options">Prices and limits.</param>
    /// <param name="pace">Pace of the whole run, or null.</param>
    /// <param name="waste">Tokens thrown away for each that was kept.</param>
    /// <param name="total">Rollouts of the run.</param>
    /// <param name="tally">Everything that is stored.</param>
    public static PilotForecast Of(RolloutRecord[][] prompts, TeacherGenOptions options, PilotPace? pace, double waste, int total, RolloutTally tally)
    {
        int left = total - tally.Rollouts;
        Estimate? prompt = Coming(prompts, rollout => rollout.Completion.PromptTokens, left, options.Seed);
        Estimate? completion = Coming(prompts, rollout => rollout.Completion.CompletionTokens, left, options.Seed);
        Estimate? accepted = Coming(prompts, rollout => rollout.Verdict.Outcome == Outcome.Correct ? 1 : 0, left, options.Seed);
        Estimate? hours = pace is not { TokensPerSecond.Low: > 0 } || completion is null ? null : Duration(prompts, completion.Times(1 + waste), pace, options.MaxTokens, left);
        return new(total, left, prompt?.Plus(tally.PromptTokens), completion?.Plus(tally.CompletionTokens), accepted?.Plus(tally.Correct), hours,
            Cost(options, prompt?.Times(1 + waste), completion?.Times(1 + waste), hours, tally));
    }

    /// <summary>A figure of each prompt's rollouts, and their number.</summary>
    public static (double Sum, double Of)[] Sums(RolloutRecord[][] prompts, Func<RolloutRecord, double> figure) =>
        [.. prompts.Select(prompt => (prompt.Sum(figure), (double)prompt.Length))];

    private static Estimate? Coming(RolloutRecord[][] prompts, Func<RolloutRecord, double> figure, int left, long seed)
    {
        (double, double)[] units = Sums(prompts, figure);
        return Estimate.Ratio(units, seed) is { } mean ? Estimate.Coming(units, mean, left) : null;
    }

    // The rest is done at the pace of the whole run; behind it comes a tail, in which the last long completions run alone.
    private static Estimate Duration(RolloutRecord[][] prompts, Estimate tokens, PilotPace pace, int maxTokens, int left)
    {
        if (left == 0) return new(0, 0, 0);
        double longest = prompts.SelectMany(prompt => prompt).Max(rollout => rollout.Completion.CompletionTokens);
        double likely = 0, most = 0; // seconds of the tail
        if (pace.StreamTokensPerSecond is { Low: > 0 } stream)
            (likely, most) = (longest / 2 / stream.Value, Math.Min(maxTokens, 2 * longest) / stream.Low);
        Estimate rate = pace.TokensPerSecond;
        return new Estimate((tokens.Value / rate.Value) + likely, tokens.Low / rate.High, (tokens.High / rate.Low) + most).Times(1 / 3600.0);
    }

    private static Estimate? Cost(TeacherGenOptions options, Estimate? prompt, Estimate? completion, Estimate? hours, RolloutTally tally)
    {
        if (options.PromptPrice == 0 && options.CompletionPrice == 0 && options.HourPrice == 0) return null;
        if (prompt is null || completion is null || (hours is null && options.HourPrice > 0)) return null;
        Estimate tokens = prompt.Times(options.PromptPrice / 1e6).Plus(completion.Times(options.CompletionPrice / 1e6)).Plus(tally.Cost(options));
        return hours is null ? tokens : tokens.Plus(hours.Times(options.HourPrice));
    }
}
