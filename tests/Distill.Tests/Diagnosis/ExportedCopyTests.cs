using System.Text.Json.Nodes;
using Distill.Diagnosis;
using Distill.Export.Gguf;
using Distill.Export.Onnx;
using Distill.Models;
using Xunit;

namespace Distill.Tests.Diagnosis;

/// <summary>Exports that lost one thing on the way.</summary>
public sealed class ExportedCopyTests : IDisposable
{
    private readonly SickModel _model = new();

    public void Dispose() => _model.Dispose();

    [Fact]
    public void OurOwnExportsAreSound()
    {
        string gguf = Gguf(), onnx = Onnx();

        Assert.DoesNotContain(_model.Examine(examination => examination with { Gguf = [gguf], Onnx = [onnx] }), finding => finding.Severity > Severity.Note);
    }

    [Fact]
    public void AComposingTokenizerIsOnlyNoted()
    {
        _model.Edit("tokenizer.json", json => json["normalizer"] = new JsonObject { ["type"] = "NFC" });
        string gguf = Gguf();

        IReadOnlyList<Finding> findings = _model.Examine(examination => examination with { Gguf = [gguf] });

        Assert.DoesNotContain(findings, finding => finding.Severity > Severity.Note);
        Assert.Contains(findings, finding => finding.What.Contains("NFC"));
    }

    [Theory]
    [InlineData("tokenizer.ggml.eos_token_id", "gguf-stop", Severity.Error)]
    [InlineData("tokenizer.chat_template", "gguf-template", Severity.Error)]
    public void AKeyThatIsLost(string key, string check, Severity severity)
    {
        string gguf = Gguf();
        SickModel.EditGguf(gguf, (name, value) => name == key ? null : value);

        Assert.Equal($"{gguf}: `{key}`", _model.Only(check, severity, With(gguf)).Where);
    }

    [Fact]
    public void AnotherEos()
    {
        string gguf = Gguf();
        SickModel.EditGguf(gguf, (name, value) => name == "tokenizer.ggml.eos_token_id" ? 36u : value);

        Assert.StartsWith("is 36 ($), the tokenizer ends with", _model.Only("gguf-stop", Severity.Error, With(gguf)).What);
    }

    [Fact]
    public void AStopTokenThatLlamaCppDoesNotKnow()
    {
        _model.Edit("generation_config.json", json => json["eos_token_id"] = new JsonArray(SickModel.EosId, SickModel.BosId));
        string gguf = Gguf();

        Assert.Contains($"leaves out {SickModel.BosId}", _model.Only("gguf-stop", Severity.Warning, With(gguf)).What);
    }

    [Fact]
    public void AnotherTemplate()
    {
        string gguf = Gguf();
        SickModel.EditGguf(gguf, (name, value) => name == "tokenizer.chat_template" ? ((string)value).Replace("<think>\n", "") : value);

        Assert.Contains("renders `", _model.Only("gguf-template", Severity.Error, With(gguf)).What);
    }

    [Fact]
    public void AnotherPreTokenizer()
    {
        string gguf = Gguf();
        SickModel.EditGguf(gguf, (name, value) => name == "tokenizer.ggml.pre" ? "deepseek-v3" : value);

        Assert.Contains("splits text as deepseek-v3 does", _model.Only("gguf-tokens", Severity.Error, With(gguf)).What);
    }

    [Fact]
    public void TwoTokensThatChangedPlaces()
    {
        string gguf = Gguf();
        SickModel.EditGguf(gguf, (name, value) =>
        {
            if (name == "tokenizer.ggml.tokens") (((string[])value)[40], ((string[])value)[41]) = (((string[])value)[41], ((string[])value)[40]);
            return value;
        });

        Assert.StartsWith("2 tokens differ", _model.Only("gguf-tokens", Severity.Error, With(gguf)).What);
    }

    [Fact]
    public void AThinkTagThatIsNotPrinted()
    {
        string gguf = Gguf();
        SickModel.EditGguf(gguf, (name, value) =>
        {
            if (name == "tokenizer.ggml.token_type") ((int[])value)[SickModel.BosId + 5] = 3;
            return value;
        });

        Assert.Contains("makes `<think>` a control token", _model.Only("gguf-tokens", Severity.Error, With(gguf)).What);
    }

    [Theory]
    [InlineData("""{"rope_theta": 1000000}""", "base 10000, no scaling, ", "base 1000000, no scaling")]
    [InlineData("""{"rope_theta": null, "rope_parameters": {"rope_theta": 1000000, "rope_type": "default"}}""", "base 10000, no scaling, ", "base 1000000, no scaling")]
    [InlineData("""{"rope_scaling": {"type": "yarn", "factor": 4, "original_max_position_embeddings": 64}}""", "base 10000, no scaling, ", "scaling yarn by 4 from 64 positions")]
    [InlineData("""{"rope_scaling": {"rope_type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4, "original_max_position_embeddings": 64}}""", "base 10000, no scaling, ", "scaling llama3 by 8 from 64 positions")]
    public void RotarySettingsThatAreLost(string trainedWith, string found, string expected)
    {
        string gguf = Gguf();
        _model.Edit("config.json", json =>
        {
            foreach ((string key, JsonNode? value) in JsonNode.Parse(trainedWith)!.AsObject()) json[key] = value?.DeepClone();
        });

        Finding finding = _model.Only("rope", Severity.Error, With(gguf));

        Assert.Contains("the file says " + found, finding.What);
        Assert.Contains(expected, finding.What);
    }

    [Theory]
    [InlineData(Architecture.Qwen2, """{"attention_factor": 1.05}""", "rope.scaling.attn_factor", null, "pairs of length 1.3689, ")] // 0.1 ln 40 + 1
    [InlineData(Architecture.Qwen2, """{"mscale": 1.0, "mscale_all_dim": 0.5}""", "rope.scaling.attn_factor", 1.5f, "pairs of length 2.0533, ")]
    [InlineData(Architecture.Qwen2, "{}", "rope.scaling.yarn_beta_fast", 16f, "betas 16 and 1, ")]
    [InlineData(Architecture.DeepSeekV3, """{"mscale": 0.7, "mscale_all_dim": 0.7}""", "rope.scaling.yarn_log_multiplier", 0.1f, "pairs of length 1, scores times 1.8739, ")] // its square
    [InlineData(Architecture.DeepSeekV3, """{"mscale": 0.7, "mscale_all_dim": 0.7}""", "rope.scaling.yarn_log_multiplier", null, "pairs of length 1.3689, ")]
    public void YarnSettingsThatAreLost(Architecture architecture, string more, string key, float? value, string found)
    {
        using var model = new SickModel(architecture);
        model.Edit("config.json", json =>
        {
            var scaling = new JsonObject { ["rope_type"] = "yarn", ["factor"] = 40, ["original_max_position_embeddings"] = 64 };
            foreach ((string name, JsonNode? number) in JsonNode.Parse(more)!.AsObject()) scaling[name] = number?.DeepClone();
            json["rope_scaling"] = scaling;
        });
        string gguf = model["gguf/m.gguf"];
        GgufExport.Write(model.Path, gguf, GgufFileType.F16, "tiny");
        Assert.DoesNotContain(model.Examine(With(gguf)), finding => finding.Severity > Severity.Note);

        (string, object)? added = value is { } number ? ($"{(architecture == Architecture.Qwen2 ? "qwen2" : "deepseek2")}.{key}", number) : null;
        SickModel.EditGguf(gguf, (name, old) => name.EndsWith(key, StringComparison.Ordinal) ? null : old, added);

        Finding finding = model.Only("rope", Severity.Error, With(gguf));
        Assert.EndsWith($".{key}`", finding.Where);
        Assert.Contains(found, finding.What);
    }

    [Fact]
    public void BetasThatLlamaCppPassesOver()
    {
        _model.Edit("config.json", json => json["rope_scaling"] = new JsonObject { ["rope_type"] = "yarn", ["factor"] = 4, ["original_max_position_embeddings"] = 64 });
        string gguf = Gguf();
        SickModel.EditGguf(gguf, (_, old) => old, ("qwen2.rope.scaling.yarn_beta_fast", 16f)); // as a converter that copies it writes it
        _model.Edit("config.json", json => json["rope_scaling"]!["beta_fast"] = 16);

        Assert.StartsWith("says betas 16 and 1", _model.Only("rope", Severity.Warning, With(gguf)).What);
    }

    [Fact]
    public void AYarnWhoseFactorIsWhatBothContextsGive()
    {
        _model.Edit("config.json", json =>
        {
            json["max_position_embeddings"] = 256;
            json["rope_scaling"] = new JsonObject { ["rope_type"] = "yarn", ["original_max_position_embeddings"] = 64 };
        });
        string gguf = Gguf();

        Assert.DoesNotContain(_model.Examine(With(gguf)), finding => finding.Severity > Severity.Note);
    }

    [Theory]
    [InlineData(256, "longer reasoning is cut off")]
    [InlineData(4096, "beyond what the model was made for")]
    public void AnotherContextLength(int positions, string consequence)
    {
        _model.Edit("config.json", json => json["max_position_embeddings"] = 1024);
        string gguf = Gguf();
        SickModel.EditGguf(gguf, (name, value) => name == "qwen2.context_length" ? (uint)positions : value);

        Finding finding = _model.Only("context", Severity.Warning, With(gguf));
        Assert.EndsWith("says 1,024 positions", finding.What);
        Assert.Contains(consequence, finding.Consequence);
    }

    [Theory]
    [InlineData("FROM ./m.gguf\nPARAMETER temperature 0.6\n", "does not name")]
    [InlineData("FROM ./m.gguf\nPARAMETER stop \"<｜end▁of▁sentence｜>\"\nTEMPLATE \"\"\"<｜begin▁of▁sentence｜>{{ .Prompt }}\"\"\"\n", "puts in front itself")]
    [InlineData("FROM ./m.gguf\nparameter stop <｜end▁of▁sentence｜>\nTEMPLATE {{ .Prompt }}\n", null)]
    public void AModelfileBesideTheFile(string text, string? found)
    {
        string gguf = Gguf();
        File.WriteAllText(Path.Combine(Path.GetDirectoryName(gguf)!, "Modelfile"), text);

        if (found is null) Assert.DoesNotContain(_model.Examine(With(gguf)), finding => finding.Severity > Severity.Note);
        else Assert.Contains(found, _model.Only("modelfile", Severity.Warning, With(gguf)).What);
    }

    [Fact]
    public void AGgufFileThatCannotBeRead()
    {
        File.WriteAllText(_model["bad.gguf"], "not a model");

        Assert.Contains("not a GGUF file", _model.Only("files", Severity.Error, With(_model["bad.gguf"])).What);
    }

    [Fact]
    public void GenaiStopsElsewhere()
    {
        string onnx = Onnx();
        EditJson(Path.Combine(onnx, "genai_config.json"), json => json["model"]!["eos_token_id"] = 36);

        Assert.StartsWith("is 36 ($), the tokenizer ends with", _model.Only("onnx", Severity.Error, examination => examination with { Onnx = [onnx] }).What);
    }

    [Fact]
    public void EveryStopOfTheFolderGoesIntoTheOnnxFolder()
    {
        _model.Edit("generation_config.json", json => json["eos_token_id"] = new JsonArray(SickModel.EosId, SickModel.BosId));
        string onnx = Onnx();
        Assert.DoesNotContain(_model.Examine(examination => examination with { Onnx = [onnx] }), finding => finding.Severity > Severity.Note);

        EditJson(Path.Combine(onnx, "genai_config.json"), json => json["model"]!["eos_token_id"] = SickModel.EosId);
        Assert.Contains($"leaves out {SickModel.BosId}", _model.Only("onnx", Severity.Warning, examination => examination with { Onnx = [onnx] }).What);
    }

    [Fact]
    public void AnOnnxFolderWithAnotherWidthTokenizerOrTemplate()
    {
        string onnx = Onnx();
        EditJson(Path.Combine(onnx, "genai_config.json"), json => json["model"]!["vocab_size"] = 999);
        EditJson(Path.Combine(onnx, "tokenizer.json"), json => json["added_tokens"]![5]!["content"] = "<thought>");
        EditJson(Path.Combine(onnx, "tokenizer_config.json"), json => json.AsObject().Remove("chat_template"));
        File.WriteAllText(Path.Combine(onnx, "chat_template.jinja"), TinyModels.ChatTemplate);

        Finding[] findings = [.. _model.Examine(examination => examination with { Onnx = [onnx] }).Where(finding => finding.Severity > Severity.Note)];

        Assert.All(findings, finding => Assert.Equal("onnx", finding.Check));
        Assert.Equal(["genai_config.json: `model.vocab_size`", "tokenizer.json", "tokenizer_config.json: `chat_template`"], findings.Select(finding => Path.GetFileName(finding.Where)));
    }

    private string Gguf()
    {
        GgufExport.Write(_model.Path, _model["gguf/m.gguf"], GgufFileType.F16, "tiny");
        return _model["gguf/m.gguf"];
    }

    private string Onnx()
    {
        OnnxExport.Write(_model.Path, _model["onnx"], TestContext.Current.CancellationToken);
        return _model["onnx"];
    }

    private static Func<Examination, Examination> With(string gguf) => examination => examination with { Gguf = [gguf] };

    private static void EditJson(string path, Action<JsonNode> change)
    {
        JsonNode json = JsonNode.Parse(File.ReadAllText(path))!;
        change(json);
        File.WriteAllText(path, json.ToJsonString());
    }
}
