using Distill.Runs;
using Distill.Weights;

namespace Distill.Diagnosis.Checks;

/// <summary>Files that are missing or cannot be read, and those that would not load: a model of another kind, weights of another shape.</summary>
internal sealed class FilesCheck : ICheck
{
    public string Name => "files";

    public IEnumerable<Finding> Look(Patient patient)
    {
        foreach (InputException problem in patient.Problems)
        {
            // Messages begin with the file.
            string[] parts = problem.Message.Split(": ", 2);
            yield return new Finding(Name, Severity.Error, parts[0], parts[^1], "training, export and chat stop at this file", problem.Hint ?? "restore the file");
        }
        if (!patient.TokenizerOnly && !patient.Model.HasWeights)
            yield return new Finding(Name, Severity.Warning, patient.Model.Path, $"holds neither {WeightSource.SingleFileName} nor {WeightSource.IndexFileName}",
                "tokens, template and settings were looked at; training, export and chat need the weights", "put the weights beside them, as safetensors");
    }
}
