namespace Distill.Diagnosis.Checks;

/// <summary>Files that are missing or cannot be read.</summary>
internal sealed class FilesCheck : ICheck
{
    public string Name => "files";

    public IEnumerable<Finding> Look(Patient patient) => patient.Problems.Select(problem =>
    {
        // Messages begin with the file.
        string[] parts = problem.Message.Split(": ", 2);
        return new Finding(Name, Severity.Error, parts[0], parts[^1], "training, export and chat stop at this file", problem.Hint ?? "restore the file");
    });
}
