using Distill.Eval;
using Distill.Prompts;
using Distill.Runs;

namespace Distill.Pipelines;

/// <summary>The problems of an evaluation set, which <c>curate</c> keeps out of training: a suite's, or those of a file of prompts.</summary>
public static class EvaluationProblems
{
    /// <summary>Reads them.</summary>
    /// <param name="path">A suite's YAML file, or a file or folder of prompts.</param>
    /// <exception cref="InputException">The set cannot be read.</exception>
    public static IEnumerable<Prompt> Read(string path)
    {
        if (!path.EndsWith(".yaml", StringComparison.OrdinalIgnoreCase) && !path.EndsWith(".yml", StringComparison.OrdinalIgnoreCase)) return PromptReader.Read(path);
        EvalSuite suite = EvalSuite.Load(path);
        return suite.Problems().Select(prompt => prompt with { Source = suite.Name });
    }
}
