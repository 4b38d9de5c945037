using System.Text.Json.Nodes;
using Distill.Chat;
using Distill.Diagnosis;
using Distill.Runs;
using Xunit;

namespace Distill.Tests.Diagnosis;

/// <summary>Folders with exactly one fault each, and sound ones.</summary>
public sealed class ModelDoctorTests : IDisposable
{
    private const string User = "{{ bos_token }}{% for m in messages %}{% if m['role'] == 'user' %}<｜User｜>{{ m['content'] }}{% else %}<｜Assistant｜>";

    private readonly SickModel _model = new();

    public void Dispose() => _model.Dispose();

    [Fact]
    public void ASoundModelHasNotesOnly() => Assert.DoesNotContain(_model.Examine(), finding => finding.Severity > Severity.Note);

    [Fact]
    public void TheEmbeddedTeacherIsSound()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (!Directory.Exists(Path.Combine(folder!.FullName, "artifacts", "tiny-r1"))) folder = folder.Parent;

        IReadOnlyList<Finding> findings = ModelDoctor.Examine(new Examination { Model = Path.Combine(folder.FullName, "artifacts", "tiny-r1") });

        Assert.DoesNotContain(findings, finding => finding.Severity > Severity.Note);
        Assert.Contains(findings, finding => finding.What.Contains("ends the prompt inside `<think>`"));
    }

    [Fact]
    public void EosOfTheGenerationConfigIsAnother()
    {
        Finding finding = _model.Edit("generation_config.json", json => json["eos_token_id"] = 38).Only("eos", Severity.Error);

        Assert.Equal($"{Path.Combine(_model.Path, "generation_config.json")}: `eos_token_id`", finding.Where);
        Assert.Equal($"is 38 (&), the tokenizer ends with {SickModel.EosId} (<｜end▁of▁sentence｜>)", finding.What);
    }

    [Fact]
    public void EosOfTheConfigIsAnother() =>
        Assert.Contains("config.json", _model.Edit("config.json", json => json["eos_token_id"] = new JsonArray(7, 8)).Only("eos", Severity.Error).Where);

    [Fact]
    public void AListThatHoldsTheEosAgrees()
    {
        _model.Edit("generation_config.json", json => json["eos_token_id"] = new JsonArray(SickModel.EosId, SickModel.BosId));

        Assert.DoesNotContain(_model.Examine(), finding => finding.Severity > Severity.Note);
    }

    [Fact]
    public void NoEosAnywhere()
    {
        Assert.Contains("is missing", _model.Edit("config.json", json => json.Remove("eos_token_id")).Only("eos", Severity.Warning).What);
        Assert.Contains("names no end-of-sequence token", _model.Edit("tokenizer_config.json", json => json.Remove("eos_token")).Only("eos", Severity.Error).What);
    }

    [Fact]
    public void AnEosThatTheTokenizerDoesNotHave() =>
        Assert.Contains($"names {TinyModels.TokenCount + 2}, which the tokenizer does not have",
            _model.Edit("generation_config.json", json => json["eos_token_id"] = new JsonArray(SickModel.EosId, TinyModels.TokenCount + 2)).Only("eos", Severity.Warning).What);

    [Fact]
    public void TheTemplateEndsTurnsWithATokenThatNothingStopsAt()
    {
        Finding finding = _model.Template(TinyModels.ChatTemplate.Replace(SickModel.Eos, "<｜▁pad▁｜>")).Only("eos", Severity.Warning);

        Assert.Contains("ends an assistant's turn with", finding.What);
        Assert.Contains("set `eos_token` to `<｜▁pad▁｜>`", finding.Fix);
    }

    [Fact]
    public void TheTemplateDoesNotEndTurns() => Assert.Contains("writes no token", _model.Template(TinyModels.ChatTemplate.Replace(SickModel.Eos, "")).Only("eos", Severity.Warning).What);

    [Fact]
    public void TwoTemplatesThatDiffer()
    {
        File.WriteAllText(Path.Combine(_model.Path, "chat_template.jinja"), TinyModels.ChatTemplate + "\n");
        Assert.DoesNotContain(_model.Examine(), finding => finding.Severity > Severity.Note);

        Finding finding = _model.Template(TinyModels.ChatTemplate.Replace("<｜Assistant｜>", "<｜User｜>")).Only("template", Severity.Warning);
        Assert.Equal($"{Path.Combine(_model.Path, "tokenizer_config.json")}: `chat_template`", finding.Where);
        Assert.Contains("is another template than", finding.What);
    }

    [Fact]
    public void PadIsEos() => Assert.Contains("`pad_token`", _model.Edit("tokenizer_config.json", json => json["pad_token"] = SickModel.Eos).Only("pad", Severity.Warning).Where);

    [Fact]
    public void BosIsWrittenTwiceByTheTemplate() =>
        Assert.Contains($"2 times {SickModel.BosId}", _model.Template("{{ bos_token }}" + TinyModels.ChatTemplate).Only("bos", Severity.Error).What);

    [Fact]
    public void BosIsWrittenByTheTemplateAndAddedByTheTokenizer()
    {
        Assert.Contains("`add_bos_token`", _model.Edit("tokenizer_config.json", json => json["add_bos_token"] = true).Only("bos", Severity.Warning).Where);

        _model.Edit("tokenizer_config.json", json => json.Remove("add_bos_token")).Edit("tokenizer.json", json => json["post_processor"] = JsonNode.Parse(
            $$$$"""{"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "{{{{SickModel.Bos}}}}", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}], "special_tokens": {"{{{{SickModel.Bos}}}}": {"id": "{{{{SickModel.Bos}}}}", "ids": [{{{{SickModel.BosId}}}}], "tokens": ["{{{{SickModel.Bos}}}}"]}}}"""));
        Assert.Contains("`post_processor`", _model.Only("bos", Severity.Warning).Where);
    }

    [Theory]
    [InlineData("<think>\\n\\n</think>\\n\\n")] // the completion opens a second block
    [InlineData("<think>\\nOkay, ")] // not seen as an opened block
    [InlineData("</think>")]
    public void TheGenerationPromptHasTagsOfItsOwn(string prefill)
    {
        string template = $"{User}{{{{ m['content'] }}}}{SickModel.Eos}{{% endif %}}{{% endfor %}}{{% if add_generation_prompt %}}<｜Assistant｜>{{{{ '{prefill}' }}}}{{% endif %}}";

        Assert.Contains("the student learns a turn with", _model.Template(template).Only("think", Severity.Error).Consequence);
    }

    [Fact]
    public void AFinishedAnswerGetsASecondOpeningTag()
    {
        string template = $"{User}<think>{{{{ m['content'] }}}}{SickModel.Eos}{{% endif %}}{{% endfor %}}{{% if add_generation_prompt %}}<｜Assistant｜><think>\n{{% endif %}}";

        string[] found = [.. _model.Template(template).Examine().Where(finding => finding.Severity > Severity.Note).Select(finding => $"{finding.Check} {finding.Severity}: {finding.What}")];

        Assert.Collection(found,
            first => Assert.StartsWith("think Warning: writes `<think>` a second time", first),
            second => Assert.StartsWith("think Warning: renders an earlier answer with 1 `<think>` and 0 `</think>`", second));
    }

    [Fact]
    public void AnswersWithoutTheirReasoningAreOnlyNoted()
    {
        Assert.Contains(_model.Template(ChatFormat.DeepSeekR1).Examine(), finding => finding is { Severity: Severity.Note, Check: "think" } && finding.What.Contains("drops the reasoning of the last turn")
            && finding.Consequence.Contains("distill joins prompt and completion itself"));
        string whole = TinyModels.ChatTemplate.Replace("<｜Assistant｜>{{ m['content'] }}", "<｜Assistant｜>{% if m.reasoning_content is defined %}<think>\n{{ m.reasoning_content }}\n</think>\n\n{% endif %}{{ m['content'] }}");
        Assert.DoesNotContain(_model.Template(whole).Examine(), finding => finding.What.Contains("drops the reasoning"));
    }

    [Fact]
    public void ThinkTagsThatAreDecodedAway() => Assert.Contains("marks `</think>` as special",
        _model.Edit("tokenizer.json", json => json["added_tokens"]![6]!["special"] = true).Only("think", Severity.Error).What);

    [Fact]
    public void TheTemplateIsMissing() => Assert.Contains("has no chat template", _model.Edit("tokenizer_config.json", json => json.Remove("chat_template")).Only("files", Severity.Error).What);

    [Fact]
    public void TheTemplateFails() => Assert.Contains("no roles today", _model.Template("{{ raise_exception('no roles today') }}").Only("template", Severity.Error).What);

    [Fact]
    public void ATemplateThatOnlyMakesPromptsIsHeard() => Assert.DoesNotContain(
        _model.Template("{% if not add_generation_prompt %}{{ raise_exception('prompts only') }}{% endif %}" + TinyModels.ChatTemplate).Examine(), finding => finding.Severity == Severity.Error);

    [Fact]
    public void TheTemplateLosesTheQuestion() =>
        Assert.Contains("leaves the user's message out", _model.Template($"{{{{ bos_token }}}}<｜Assistant｜><think>\n").Examine()[0].What);

    [Fact]
    public void TheTokenizerIsLargerThanTheEmbedding()
    {
        _model.Edit("tokenizer.json", json =>
        {
            JsonNode extra = json["added_tokens"]![0]!.DeepClone();
            (extra["id"], extra["content"]) = (TinyModels.TokenCount + 7, "<extra>");
            json["added_tokens"]!.AsArray().Add(extra);
        });

        Assert.StartsWith("3 tokens have no row", _model.Only("vocabulary", Severity.Error).Consequence);
    }

    [Fact]
    public void TheTokenizersFilesHaveOtherTokens()
    {
        Finding finding = _model.Edit("tokenizer_config.json", json => json["added_tokens_decoder"] = new JsonObject
        {
            [$"{SickModel.EosId}"] = new JsonObject { ["content"] = SickModel.Eos },
            [$"{TinyModels.TokenCount + 1}"] = new JsonObject { ["content"] = "<tool>" },
        }).Only("vocabulary", Severity.Warning);

        Assert.Equal($"names a token otherwise than tokenizer.json; the first is {TinyModels.TokenCount + 1} (<tool>), there no token", finding.What);
    }

    [Fact]
    public void TheConfigBelongsToOtherWeights() =>
        Assert.Contains($"is 300, the embedding of the weights has {TinyModels.TokenCount + 5} rows", _model.Edit("config.json", json => json["vocab_size"] = 300).Only("vocabulary", Severity.Error).What);

    [Theory]
    [InlineData("architectures", "[\"GemmaForCausalLM\"]", "architecture `GemmaForCausalLM` is not known")]
    [InlineData("hidden_act", "\"gelu\"", "hidden_act")]
    [InlineData("rope_scaling", "{\"rope_type\": \"longrope\", \"factor\": 4}", "longrope")]
    [InlineData("quantization_config", "{\"quant_method\": \"gptq\"}", "quant_method")]
    [InlineData("intermediate_size", "333", "`model.layers.0.mlp.gate_proj.weight` has shape")]
    [InlineData("num_hidden_layers", "77", "is missing")]
    public void TheModelWouldNotLoad(string key, string value, string told)
    {
        Finding finding = _model.Edit("config.json", json => json[key] = JsonNode.Parse(value)).Only("files", Severity.Error);

        Assert.Contains(told, finding.What);
        Assert.Contains("training, export and chat stop", finding.Consequence);
    }

    [Fact]
    public void TheWeightsAreNotThereYet()
    {
        File.Delete(Path.Combine(_model.Path, "model.safetensors"));

        Assert.Contains("holds neither model.safetensors nor", _model.Only("files", Severity.Warning).What);
    }

    [Fact]
    public void TheRotaryBaseIsMissing() => Assert.Contains("`rope_theta`", _model.Edit("config.json", json => json.Remove("rope_theta")).Only("rope", Severity.Warning).Where);

    [Fact]
    public void OldAndNewStyleDisagreeAboutTheRotaryBase()
    {
        Finding finding = _model.Edit("config.json", json => json["rope_parameters"] = new JsonObject { ["rope_theta"] = 1e6, ["rope_type"] = "default" }).Only("rope", Severity.Error);

        Assert.Equal("says base 1000000, no scaling, `rope_theta` and `rope_scaling` say base 10000, no scaling", finding.What);
        Assert.DoesNotContain(_model.Edit("config.json", json => json.Remove("rope_theta")).Examine(), finding => finding.Severity > Severity.Note);
    }

    [Fact]
    public void AFileThatCannotBeReadIsNamed()
    {
        File.WriteAllText(Path.Combine(_model.Path, "generation_config.json"), "{,");

        Assert.Equal("is not valid JSON", _model.Only("files", Severity.Error).What);
    }

    [Fact]
    public void SeveralErrorsAreRefusedTogether()
    {
        _model.Edit("generation_config.json", json => json["eos_token_id"] = 38).Template("{{ bos_token }}" + TinyModels.ChatTemplate);

        InputException refused = Assert.Throws<InputException>(() => ModelDoctor.RequireHealthy(new Examination { Model = _model.Path }, "`--skip-doctor` goes on"));

        Assert.Equal(2, refused.Message.Split('\n').Length);
        Assert.Contains("generation_config.json: `eos_token_id` is 38", refused.Message);
        Assert.EndsWith("`--skip-doctor` goes on", refused.Hint);
    }

    [Fact]
    public void WhatIsNotThereIsRefused()
    {
        Assert.Contains("no such model folder", Assert.Throws<InputException>(() => ModelDoctor.Examine(new Examination { Model = _model["absent"] })).Message);
        Assert.Contains("no such file", Assert.Throws<InputException>(() => _model.Examine(examination => examination with { Gguf = ["absent.gguf"] })).Message);
        Assert.Contains("holds no ONNX model", Assert.Throws<InputException>(() => _model.Examine(examination => examination with { Onnx = [_model.Path] })).Message);
    }
}
