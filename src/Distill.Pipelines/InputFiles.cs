using Distill.Eval;
using Distill.Runs;
using Distill.Weights;

namespace Distill.Pipelines;

/// <summary>What an input path stands for: the file that it names may say where the rest is.</summary>
internal static class InputFiles
{
    /// <summary>The path itself, and behind it what it draws in: the other files of a model, the prompts of a suite.</summary>
    /// <exception cref="InputException">A suite or an index cannot be read, or a suite's prompts are not there.</exception>
    public static IReadOnlyList<string> Of(string path)
    {
        if (!File.Exists(path)) return [path];
        if (Path.GetExtension(path) is not (".yaml" or ".yml")) return ModelFiles.Of(path);
        EvalSuite suite = EvalSuite.Load(path);
        suite.RequirePrompts();
        return suite.Prompts is { } prompts ? [path, prompts] : [path];
    }
}
