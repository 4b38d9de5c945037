using Distill.Diagnosis.Checks;
using Distill.Runs;

namespace Distill.Diagnosis;

/// <summary>
/// Compares the files of a model with each other and with its exports, by rendering and tokenizing with them as training and the
/// runtimes will. Of the weights it reads names and shapes.
/// </summary>
public static class ModelDoctor
{
    private static readonly ICheck[] All =
    [
        new FilesCheck(), new EndOfSequenceCheck(), new PaddingCheck(), new BeginOfSequenceCheck(), new TemplateCheck(), new ReasoningCheck(), new VocabularyCheck(),
        new RotaryCheck(), new ContextCheck(), new GgufTokensCheck(), new GgufStopCheck(), new GgufTemplateCheck(), new ModelfileCheck(), new OnnxCheck(), new TeacherCheck(),
    ];

    /// <summary>Names of the checks, in the order in which they look.</summary>
    public static IReadOnlyList<string> Checks { get; } = [.. All.Select(check => check.Name)];

    /// <summary>Looks at everything that is named.</summary>
    /// <returns>The findings, the worst first.</returns>
    /// <exception cref="InputException">A folder or file that is named does not exist.</exception>
    public static IReadOnlyList<Finding> Examine(Examination examination)
    {
        var patient = Patient.Admit(examination);
        return [.. All.SelectMany(check => check.Look(patient)).OrderByDescending(finding => finding.Severity)];
    }

    /// <summary>Refuses a model with errors. A file that cannot be read is complained of as if it had been opened without a doctor.</summary>
    /// <param name="examination">What to look at.</param>
    /// <param name="hint">How to go on nevertheless, as part of the hint.</param>
    /// <returns>The findings that are no errors.</returns>
    /// <exception cref="InputException">There are errors; one line for each.</exception>
    public static IReadOnlyList<Finding> RequireHealthy(Examination examination, string hint)
    {
        var patient = Patient.Admit(examination);
        if (patient.Problems.FirstOrDefault() is { } unreadable) throw unreadable;
        Finding[] findings = [.. All.SelectMany(check => check.Look(patient))];
        Finding[] errors = [.. findings.Where(finding => finding.Severity == Severity.Error)];
        if (errors.Length == 0) return findings;
        throw new InputException(string.Join('\n', errors.Select(error => error.Sentence)),
            $"`distill doctor --model {examination.Model}` says what comes of it and how to mend it; {hint}");
    }
}
