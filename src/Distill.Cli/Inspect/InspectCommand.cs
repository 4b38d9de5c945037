using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Distill.Inspection;
using Distill.Runs;

namespace Distill.Cli.Inspect;

/// <summary><c>distill inspect</c>: what a file or folder is.</summary>
internal static class InspectCommand
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Command Create(Terminal terminal)
    {
        var path = new Argument<string>("path") { Description = "model folder, adapters, .safetensors, .gguf, .onnx or .parquet file, folder of traces, stage or run folder" };
        var tensors = new Option<bool>("--tensors") { Description = "list every tensor" };
        var json = new Option<bool>("--json") { Description = "print the facts as JSON" };
        var command = new Command("inspect", "Show what a file or folder is: architecture, sizes, tokens, template, counts.") { path, tensors, json };
        command.SetAction(parsed =>
        {
            string asked = parsed.GetRequiredValue(path);
            Summary summary = Inspector.Inspect(Path.Exists(asked) ? asked : InstallFolder.Find(asked) ?? asked, parsed.GetValue(tensors));
            if (parsed.GetValue(json)) ShowJson(terminal, summary);
            else SummaryDisplay.Show(terminal, summary);
            return ExitCode.Success;
        });
        return command;
    }

    private static void ShowJson(Terminal terminal, Summary summary)
    {
        var document = new JsonObject { ["kind"] = summary.Kind, ["path"] = summary.Path };
        foreach ((string key, JsonNode? value) in summary.Facts) document[key] = value?.DeepClone();
        terminal.Output.WriteLine(document.ToJsonString(Json));
    }
}
