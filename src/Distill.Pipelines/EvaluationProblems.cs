using Distill.Eval;
using Distill.Prompts;
using Distill.Runs;

namespace Distill.Pipelines;

/// <summary>The problems of evaluation suites, which <c>curate</c> keeps out of training.</summary>
public static class EvaluationProblems
{
    /// <summary>Reads the problems of a suite.</summary>
    /// <param name="suite">The suite's YAML file.</param>
    /// <exception cref="InputException">The suite or its prompts cannot be read.</exception>
    public static IEnumerable<Prompt> Read(string suite) => EvalSuite.Load(suite).Problems();
}
