using Distill.Eval;
using Distill.Runs;
using Distill.Weights;

namespace Distill.Pipelines;

/// <summary>What an input path stands for: the file that it names may say where the rest is.</summary>
internal static class InputFiles
{
    /// <summary>The path itself, and behind it what it draws in: the other files of a model, the prompts of a suite. Those that are not there are left to the stage.</summary>
    /// <exception cref="InputException">A suite or an index cannot be read.</exception>
    public static IReadOnlyList<string> Of(string path)
    {
        if (!File.Exists(path)) return [path];
        if (Path.GetExtension(path) is ".yaml" or ".yml") return [path, .. new[] { EvalSuite.Load(path).Prompts }.OfType<string>().Where(Path.Exists)];
        return ModelFiles.Of(path);
    }
}
