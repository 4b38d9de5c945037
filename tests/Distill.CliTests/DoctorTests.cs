using System.Text.Json;
using System.Text.Json.Nodes;
using Xunit;

namespace Distill.CliTests;

/// <summary><c>distill doctor --model</c>, and the commands that call the doctor themselves.</summary>
public sealed class DoctorTests : IDisposable
{
    private const string Teacher = "artifacts/tiny-r1";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void ASoundModel()
    {
        CliResult result = CliProcess.Run(_folder.Path, "doctor", "--model", Teacher);

        Snapshot.Match("doctor-sound", result.Output, _folder.Path);
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
    }

    [Fact]
    public void AModelWithFaults()
    {
        Faulty();

        CliResult result = CliProcess.Run(_folder.Path, "doctor", "--model", "model");

        Snapshot.Match("doctor-faults", result.Output, _folder.Path);
        Assert.Equal((1, ""), (result.ExitCode, result.Error));
        CliResult json = CliProcess.Run(_folder.Path, "doctor", "--model", "model", "--json");
        Assert.Equal(1, json.ExitCode);
        using JsonDocument findings = JsonDocument.Parse(json.Output);
        Assert.Equal(1, findings.RootElement.GetProperty("errors").GetInt32());
        JsonElement first = findings.RootElement.GetProperty("findings")[0];
        Assert.Equal(("eos", "error"), (first.GetProperty("check").GetString(), first.GetProperty("severity").GetString()));
    }

    [Fact]
    public void TrainingAndExportRefuseUnlessToldOtherwise()
    {
        Faulty();
        Assert.Equal(0, CliProcess.Run(_folder.Path, "prompts", "--basic", "20", "--out", "problems").ExitCode);
        Assert.Equal(0, CliProcess.Run(_folder.Path, "teacher-gen", "--prompts", "problems/prompts.jsonl", "--teacher", "worked", "--out", "worked").ExitCode);
        string[] train = ["train", "--student", "tiny-qwen", "--tokenizer", "model", "--data", "worked", "--max-steps", "0", "--out", "t"], export = ["export", "--model", "model", "--gguf", "F16", "--out", "e"];

        CliResult refusedTraining = CliProcess.Run(_folder.Path, train), refusedExport = CliProcess.Run(_folder.Path, export);
        CliResult training = CliProcess.Run(_folder.Path, [.. train, "--skip-doctor"]), exported = CliProcess.Run(_folder.Path, [.. export, "--skip-doctor"]);

        Snapshot.Match("doctor-train-refused", refusedTraining.Error, _folder.Path);
        Snapshot.Match("doctor-export-refused", refusedExport.Error, _folder.Path);
        Assert.Equal((1, 1), (refusedTraining.ExitCode, refusedExport.ExitCode));
        Assert.True(training.ExitCode == 0, training.Error);
        Assert.True(exported.ExitCode == 0, exported.Error);
    }

    [Fact]
    public void ExportsNeedTheModelThatTheyAreComparedWith()
    {
        CliResult result = CliProcess.Run(_folder.Path, "doctor", "--gguf", "m.gguf");

        Assert.Equal((1, "error: distill doctor: `--model` is missing\nhint: name the model folder that the others are compared with\n"), (result.ExitCode, result.Error));
    }

    // tiny-r1 whose generation config stops at another token, and whose padding is its end.
    private void Faulty()
    {
        Directory.CreateDirectory(_folder["model"]);
        foreach (string file in Directory.GetFiles(Path.Combine(CliProcess.Root, Teacher))) File.Copy(file, Path.Combine(_folder["model"], Path.GetFileName(file)));
        Edit("generation_config.json", json => json["eos_token_id"] = 265);
        Edit("tokenizer_config.json", json => json["pad_token"] = json["eos_token"]!.DeepClone());
    }

    private void Edit(string file, Action<JsonNode> change)
    {
        string path = Path.Combine(_folder["model"], file);
        JsonNode json = JsonNode.Parse(File.ReadAllText(path))!;
        change(json);
        File.WriteAllText(path, json.ToJsonString());
    }
}
