using System.CommandLine;
using System.Runtime.InteropServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using Distill.Diagnosis;
using Distill.Runs;
using Spectre.Console;

namespace Distill.Cli.Doctor;

/// <summary><c>distill doctor</c>: what was found on this machine, and whether it is enough; with <c>--model</c>, the files of a model.</summary>
internal static class DoctorCommand
{
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static Command Create(Terminal terminal)
    {
        var json = new Option<bool>("--json") { Description = "print the findings as JSON" };
        var model = new Option<string?>("--model") { Description = "model folder whose files are compared with each other", HelpName = "PATH" };
        var teacher = new Option<string?>("--teacher") { Description = "teacher's folder, compared with the model's tokenizer and template", HelpName = "PATH" };
        var gguf = new Option<string[]>("--gguf") { Description = "GGUF files made from the model", HelpName = "PATH", AllowMultipleArgumentsPerToken = true };
        var onnx = new Option<string[]>("--onnx") { Description = "ONNX folders made from the model", HelpName = "PATH", AllowMultipleArgumentsPerToken = true };
        var command = new Command("doctor", "Show what was found on this machine; with --model, what is wrong with a model's files.") { model, teacher, gguf, onnx, json };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(model) is { } folder)
            {
                var examination = new Examination { Model = folder, Teacher = parsed.GetValue(teacher), Gguf = parsed.GetValue(gguf) ?? [], Onnx = parsed.GetValue(onnx) ?? [] };
                return ModelExamination.Run(terminal, examination, parsed.GetValue(json));
            }
            if (parsed.GetResult(teacher) is not null || parsed.GetResult(gguf) is not null || parsed.GetResult(onnx) is not null)
                throw new InputException("distill doctor: `--model` is missing", "name the model folder that the others are compared with");
            Finding[] findings = [.. Checks.Select(check => Look(check.Name, check.Look))];
            if (parsed.GetValue(json)) ShowJson(terminal, findings);
            else Show(terminal.Rich, findings);
            return findings.Any(finding => finding.Health == Health.Bad) ? ExitCode.UserError : ExitCode.Success;
        });
        return command;
    }

    // The C++ runtime comes after the library that loads it.
    private static IEnumerable<(string Name, Func<Finding> Look)> Checks =>
    [
        ("distill", Distill), ("processor", MachineChecks.Processor), ("memory", MachineChecks.Memory), ("gpu", MachineChecks.Graphics),
        ("torch", EngineChecks.Torch), ("onnx", EngineChecks.Onnx), ("libstdc++", EngineChecks.CppRuntime),
        ("disk", () => MachineChecks.Disk(Directory.GetCurrentDirectory())), ("teacher", EngineChecks.Teacher), ("sandbox", EngineChecks.CodeSandbox),
    ];

    private static Finding Distill() => new("distill", Health.Good,
        $"{ToolVersion.Current} on {RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription} ({RuntimeInformation.ProcessArchitecture})",
        MachineChecks.Values(("version", ToolVersion.Current), ("runtime", RuntimeInformation.FrameworkDescription), ("system", RuntimeInformation.OSDescription)));

    // Whatever is broken is a finding; the doctor itself never falls ill of it.
    private static Finding Look(string name, Func<Finding> look)
    {
        try
        {
            return look();
        }
        catch (Exception e)
        {
            Exception cause = e;
            while (cause.InnerException is { } inner) cause = inner;
            return new Finding(name, Health.Bad, cause.Message.Split('\n', 2)[0].Trim(), MachineChecks.Values(("error", cause.GetType().Name)));
        }
    }

    private static void Show(IAnsiConsole console, Finding[] findings)
    {
        var grid = new Grid().AddColumn(new GridColumn().NoWrap()).AddColumn(new GridColumn().NoWrap()).AddColumn();
        foreach (Finding finding in findings)
        {
            string mark = finding.Health switch { Health.Good => "[green]ok[/]", Health.Note => "[yellow]note[/]", _ => "[red]bad[/]" };
            grid.AddRow(new Markup(mark), new Text(finding.Name), new Text(finding.Text));
        }
        console.Write(grid);
    }

    private static void ShowJson(Terminal terminal, Finding[] findings) => terminal.Output.WriteLine(JsonSerializer.Serialize(
        findings.ToDictionary(finding => finding.Name, finding => new { Health = finding.Health.ToString().ToLowerInvariant(), finding.Text, finding.Values }), Json));
}
