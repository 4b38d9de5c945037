using Distill.Chat;
using Distill.Eval;
using Distill.Prompts;
using Distill.Runs;
using Distill.Training;

namespace Distill.Pipelines;

/// <summary>The problems of evaluation suites, which <c>curate</c> keeps out of training and <c>train</c> asks now and then.</summary>
public static class EvaluationProblems
{
    /// <summary>Reads the problems of a suite.</summary>
    /// <param name="suite">The suite's YAML file.</param>
    /// <exception cref="InputException">The suite or its prompts cannot be read.</exception>
    public static IEnumerable<Prompt> Read(string suite) => EvalSuite.Load(suite).Problems();

    /// <summary>Reads a suite that a student is asked while it is trained.</summary>
    /// <param name="suite">The suite's YAML file.</param>
    /// <param name="samples">Samples of each problem in place of the suite's own, or null.</param>
    /// <param name="limit">Take only so many problems, or null.</param>
    /// <exception cref="InputException">The suite or its prompts cannot be read.</exception>
    public static MeasuredSuite SuiteOf(string suite, int? samples, int? limit)
    {
        EvalSuite read = EvalSuite.Load(suite).With(new EvalOptions { Samples = samples });
        var sampling = new SamplingOptions { Temperature = read.Temperature, TopP = read.TopP, MaxTokens = read.MaxTokens };
        return new MeasuredSuite(read.Name, read.Problems(limit), read.Samples, sampling, read.Verifiers);
    }
}
