using Distill.Chat;
using Distill.Inference;
using Distill.Prompts;
using Distill.Runs;

namespace Distill.Eval;

/// <summary>Everything that is asked of a model for one suite: the samples of each problem one after the other.</summary>
internal sealed class EvaluationPlan(EvalSuite suite, IReadOnlyList<Prompt> problems, long seed)
{
    public EvalSuite Suite => suite;

    public IReadOnlyList<Prompt> Problems => problems;

    public int Count => checked(problems.Count * suite.Samples);

    /// <summary>Identity of what is asked, so that answers to other questions are not taken for these.</summary>
    public string Fingerprint => Runs.Fingerprint.OfTexts(
    [
        suite.Name, suite.Version.ToString(), suite.Samples.ToString(), suite.Temperature.ToString("R"), suite.TopP.ToString("R"),
        suite.MaxTokens.ToString(), string.Join('+', suite.Verifiers), seed.ToString(), ProblemsFingerprint,
    ]);

    /// <summary>Content hash of the problems as the model sees them, with their reference answers.</summary>
    public string ProblemsFingerprint { get; } = Runs.Fingerprint.OfTexts(
        [.. problems.SelectMany(problem => problem.Messages.Select(message => message.Content).Prepend(problem.ReferenceAnswer ?? "").Prepend(problem.Id))]);

    public Prompt ProblemOf(int index) => problems[index / suite.Samples];

    public int SampleOf(int index) => index % suite.Samples;

    public CompletionRequest this[int index] => new(index.ToString(), ProblemOf(index).Messages, new SamplingOptions
    {
        Temperature = suite.Temperature,
        TopP = suite.TopP,
        MaxTokens = suite.MaxTokens,
        Seed = RandomStream.DeriveSeed(seed, suite.Name, ProblemOf(index).Id, SampleOf(index).ToString()),
    });

    /// <summary>
    /// The requests whose completions are not stored. Where the model computes in groups, a group that is not complete is
    /// asked for again as a whole: its rounding depends on which sequences stand in it.
    /// </summary>
    public IEnumerable<CompletionRequest> Missing(Func<int, bool> isStored, int? batchSize)
    {
        int group = batchSize ?? 1;
        for (int start = 0; start < Count; start += group)
        {
            int[] indices = [.. Enumerable.Range(start, Math.Min(group, Count - start))];
            if (indices.All(isStored)) continue;
            foreach (int index in indices) yield return this[index];
        }
    }
}
