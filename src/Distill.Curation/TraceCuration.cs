using Distill.Curation.Contamination;
using Distill.Curation.Resuming;
using Distill.Prompts;
using Distill.Runs;

namespace Distill.Curation;

/// <summary>
/// <c>curate</c>: reads traces twice, once to decide the fate of each and once to write those that are kept, in the order in
/// which they came. A few numbers for each trace are held in between, and no text. A journal beside the output remembers what was
/// read and written, so that a killed curation goes on.
/// </summary>
public static class TraceCuration
{
    /// <summary>Folder of the training set within the stage's folder.</summary>
    public const string DatasetFolder = "dataset";

    /// <summary>Runs the stage. Same traces and options, same bytes.</summary>
    /// <param name="options">The options.</param>
    /// <param name="progress">Receives readings.</param>
    /// <param name="cancellation">Stops the stage; what it had written before stays.</param>
    /// <param name="readSuite">Reads the problems of an evaluation suite (<c>.yaml</c>); without it evaluation sets are files of prompts.</param>
    /// <exception cref="InputException">The traces cannot be read, an option is out of range, or nothing is left.</exception>
    public static async Task<CurateResult> RunAsync(
        CurateOptions options, IProgress<ProgressEvent> progress, CancellationToken cancellation, Func<string, IEnumerable<Prompt>>? readSuite = null)
    {
        CurateCheck.Check(options);
        return await Task.Run(() => Curate(options, readSuite, progress, cancellation), cancellation);
    }

    private static CurateResult Curate(CurateOptions options, Func<string, IEnumerable<Prompt>>? readSuite, IProgress<ProgressEvent> progress, CancellationToken cancellation)
    {
        var sources = new TraceSources(options);
        CurateCheck.CheckPlace(options);
        Decontamination? decontamination = options.Decontaminate.Count == 0 ? null
            : Decontamination.Load(options.Decontaminate, readSuite, options.DecontaminateNgram, options.DecontaminateCoverage);
        var preparation = new TracePreparation(options);
        using CurationJournal journal = CurationJournal.Open(options);
        Survey survey = Survey.Take(sources, preparation, decontamination, options, journal, progress, cancellation);
        var selection = new Selection(survey, sources, options);
        PolicyOutcome[] policies = [.. VerdictPolicies.Compared.Select(policy => FunnelCount.Of(survey, selection.Decide([policy]), policy))];
        Decision decision = selection.Decide(options.Verdicts);
        FilterFunnel funnel = FunnelCount.Of(survey, sources, decision, policies, decontamination);
        new Writing(options, sources, preparation, survey, decision, journal).Write(progress, cancellation);
        funnel.Save(options.Out);
        journal.Delete();
        return funnel.RowsOut > 0 ? ResultOf(funnel) : throw NothingLeft(options, survey, funnel);
    }

    private static CurateResult ResultOf(FilterFunnel funnel) => new(funnel.RowsIn, funnel.RowsOut, funnel.PromptsOut, funnel.TokensOut,
        funnel.Steps.Where(step => step.Dropped > 0).ToDictionary(step => step.Reason, step => step.Dropped));

    private static InputException NothingLeft(CurateOptions options, Survey survey, FilterFunnel funnel)
    {
        string reasons = string.Join(", ", funnel.Steps.Where(step => step.Dropped > 0).Select(step => $"{step.Dropped} {step.Reason}"));
        bool unverified = survey.Traces.Count > 0 && options.Verify.Count == 0 && survey.Traces.All(trace => trace.Rule == Verification.Outcome.Unverifiable);
        return new InputException($"{string.Join(", ", options.Traces)}: no trace is left to learn from{(reasons.Length > 0 ? $" ({reasons})" : ": there are none")}",
            unverified ? "the rows carry no verdict: judge them with `verify: math`, or keep them with `verdicts: all`"
                : $"look at {Path.Combine(options.Out, TraceExample.FileName)}, then loosen the filters or generate more traces");
    }
}
