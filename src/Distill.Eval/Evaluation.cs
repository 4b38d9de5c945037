using System.Diagnostics;
using System.Text.Encodings.Web;
using System.Text.Json;
using Distill.Chat;
using Distill.Inference;
using Distill.Prompts;
using Distill.Runs;
using Distill.Verification;

namespace Distill.Eval;

/// <summary>
/// <c>eval</c>: a model's pass@1 on suites of problems. Every finished completion is journaled, so a run that is killed at
/// any moment goes on without losing one; verdicts are made from the stored completions.
/// </summary>
/// <param name="open">Opens the model that the options name.</param>
public sealed class Evaluation(Func<EvalOptions, ICompletionSource> open)
{
    private const string CompletionsFolder = "completions";

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Evaluates models in this process.</summary>
    public Evaluation() : this(options => CompletionSources.Open(options.Model, options.Device, options.BatchSize)) { }

    /// <summary>Runs the stage, or goes on with it where <see cref="EvalOptions.Out"/> holds unfinished work.</summary>
    /// <exception cref="InputException">
    /// Model or suites cannot be used, the folder belongs to another evaluation, or the disk is full; what came before is stored.
    /// </exception>
    public async Task<EvalReport> RunAsync(EvalOptions options, IProgress<ProgressEvent> progress, CancellationToken cancellation)
    {
        if (options.Quantization is not null) return await new QuantizationEvaluation(open).RunAsync(options, progress, cancellation);
        EvaluationPlan[] plans = Plans(options);
        await using ICompletionSource model = open(options);
        string name = options.Name ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(options.Model)));
        var scores = new List<SuiteScore>();
        foreach (EvaluationPlan plan in plans) scores.Add(await ScoreAsync(plan, name, model, options.Out, progress, cancellation));
        var report = new EvalReport
        {
            Name = name,
            Model = model.Identity,
            Device = options.Device,
            Seed = options.Seed,
            BatchSize = model.BatchSize,
            Suites = scores,
        };
        report.Save(options.Out);
        return report;
    }

    // All suites are read before the model is opened: a mistake in the last one should not cost the time of the others.
    private static EvaluationPlan[] Plans(EvalOptions options)
    {
        options.Check();
        EvalSuite[] suites = [.. options.Suites.Select(path => EvalSuite.Load(path).With(options))];
        if (suites.GroupBy(suite => suite.Name).FirstOrDefault(group => group.Count() > 1) is { } twins)
            throw new InputException($"two suites are called `{twins.Key}`", "name each suite once, or give one of them another `name`");
        return [.. suites.Select(suite => new EvaluationPlan(suite, suite.Problems(options.Limit), options.Seed))];
    }

    private static async Task<SuiteScore> ScoreAsync(
        EvaluationPlan plan, string name, ICompletionSource model, string folder, IProgress<ProgressEvent> progress, CancellationToken cancellation)
    {
        IVerifier verifier = Verifiers.Create(plan.Suite.Verifiers);
        var tally = new SuiteTally(plan, verifier);
        using CompletionLog log = CompletionLog.Open(folder, plan, $"{model.Identity}\n{model.BatchSize}", tally.Add);
        Report();
        long before = Stopwatch.GetTimestamp();
        if (log.Count < plan.Count)
        {
            await foreach (CompletedRequest completed in model.CompleteAsync(plan.Missing(log.Has, model.BatchSize), cancellation))
            {
                if (completed.Completion.FinishReason == FinishReason.Error)
                    throw new InputException($"{model.Identity}: the engine failed on a completion of {plan.Suite.Name}", "run the same command again; what is finished is kept");
                int index = int.Parse(completed.Request.Id);
                double seconds = Stopwatch.GetElapsedTime(before).TotalSeconds;
                if (!log.Add(index, completed.Completion, seconds)) continue;
                before = Stopwatch.GetTimestamp();
                tally.Add(index, completed.Completion);
                Report();
            }
        }
        if (log.Count < plan.Count) throw new InvalidOperationException($"{model.Identity} left {plan.Count - log.Count} of {plan.Count} requests without a word");
        WriteCompletions(Path.Combine(folder, CompletionsFolder, plan.Suite.Name + ".jsonl"), plan, log, verifier);
        return tally.Score(log.Seconds);

        void Report() => progress.Report(new ProgressEvent($"eval {name} {plan.Suite.Name}", log.Count, plan.Count, "completions",
            log.Count == 0 ? null : $"pass@1 {100 * tally.CorrectSoFar:0.0} %  {tally.Tokens / Math.Max(log.Seconds, 1e-3):0} tokens/s"));
    }

    private static void WriteCompletions(string path, EvaluationPlan plan, CompletionLog log, IVerifier verifier) => AtomicFile.Write(path, stream =>
    {
        for (int index = 0; index < plan.Count; index++)
        {
            Prompt problem = plan.ProblemOf(index);
            Completion completion = log.Read(index);
            Verdict verdict = verifier.Verify(problem, completion);
            JsonSerializer.Serialize(stream, new
            {
                problem.Id,
                Sample = plan.SampleOf(index),
                Prompt = problem.Messages[^1].Content,
                problem.ReferenceAnswer,
                verdict.ExtractedAnswer,
                Outcome = JsonNamingPolicy.SnakeCaseLower.ConvertName(verdict.Outcome.ToString()),
                verdict.Reason,
                FinishReason = JsonNamingPolicy.SnakeCaseLower.ConvertName(completion.FinishReason.ToString()),
                completion.PromptTokens,
                completion.CompletionTokens,
                completion.RawText,
            }, Json);
            stream.WriteByte((byte)'\n');
        }
    });
}
