using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Distill.Diagnosis;
using Distill.Runs;

namespace Distill.Cli.Doctor;

/// <summary><c>distill doctor --model</c>: what was found in the files of a model.</summary>
internal static class ModelExamination
{
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    /// <summary>Examines, shows, and gives the exit code: 1 when there are errors.</summary>
    public static int Run(Terminal terminal, Examination examination, bool asJson)
    {
        IReadOnlyList<Diagnosis.Finding> findings = ModelDoctor.Examine(Located(examination));
        if (asJson) ShowJson(terminal, examination, findings);
        else Show(terminal, examination, findings);
        return findings.Any(finding => finding.Severity == Severity.Error) ? ExitCode.UserError : ExitCode.Success;
    }

    private static Examination Located(Examination examination) => examination with
    {
        Model = Locate(examination.Model),
        Teacher = examination.Teacher is { } teacher ? Locate(teacher) : null,
    };

    private static string Locate(string path) => Path.Exists(path) ? path : InstallFolder.Find(path) ?? path;

    private static void Show(Terminal terminal, Examination examination, IReadOnlyList<Diagnosis.Finding> findings)
    {
        foreach (Diagnosis.Finding finding in findings)
        {
            string severity = finding.Severity.ToString().ToLowerInvariant();
            terminal.Write(severity, finding.Severity switch { Severity.Error => "red", Severity.Warning => "yellow", _ => "blue" });
            terminal.Output.WriteLine($"{new string(' ', 9 - severity.Length)}{finding.Check}: {PlainText.Of(finding.Sentence, longest: int.MaxValue)}");
            terminal.Output.WriteLine($"         so: {PlainText.Of(finding.Consequence, longest: int.MaxValue)}");
            if (finding.Fix.Length > 0) terminal.Output.WriteLine($"         fix: {PlainText.Of(finding.Fix, longest: int.MaxValue)}");
        }
        terminal.Output.WriteLine($"{PlainText.Of(examination.Model)}: {Count(findings, Severity.Error, "error")}, {Count(findings, Severity.Warning, "warning")}, {Count(findings, Severity.Note, "note")}"
            + $" from {ModelDoctor.Checks.Count} checks");
    }

    private static string Count(IReadOnlyList<Diagnosis.Finding> findings, Severity severity, string word)
    {
        int count = findings.Count(finding => finding.Severity == severity);
        return $"{count} {word}{(count == 1 ? "" : "s")}";
    }

    private static void ShowJson(Terminal terminal, Examination examination, IReadOnlyList<Diagnosis.Finding> findings) => terminal.Output.WriteLine(JsonSerializer.Serialize(
        new
        {
            examination.Model,
            examination.Teacher,
            examination.Gguf,
            examination.Onnx,
            Errors = findings.Count(finding => finding.Severity == Severity.Error),
            Warnings = findings.Count(finding => finding.Severity == Severity.Warning),
            Notes = findings.Count(finding => finding.Severity == Severity.Note),
            ModelDoctor.Checks,
            Findings = findings.Select(finding => new { finding.Check, finding.Severity, finding.Where, finding.What, finding.Consequence, finding.Fix }),
        }, Json));
}
