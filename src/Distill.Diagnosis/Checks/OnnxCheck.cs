using System.Globalization;
using Distill.Chat;
using Distill.Runs;

namespace Distill.Diagnosis.Checks;

/// <summary>Whether an ONNX folder keeps the model's stops, width and tokens.</summary>
internal sealed class OnnxCheck : ICheck
{
    public string Name => "onnx";

    public IEnumerable<Finding> Look(Patient patient)
    {
        foreach (OnnxCopy copy in patient.Onnx.Select(part => part.Value).OfType<OnnxCopy>())
        {
            foreach (Finding finding in Stops(patient.Model, copy).Concat(Width(copy)).Concat(Tokens(patient.Model, copy)).Concat(Template(copy))) yield return finding;
        }
    }

    private IEnumerable<Finding> Stops(ModelFolder model, OnnxCopy copy)
    {
        if (copy.Genai is null || model.Tokenizer.Value?.EosTokenId is not { } eos) yield break;
        string place = copy.Files.Place(OnnxCopy.GenaiFile, "model.eos_token_id");
        IReadOnlyList<int> ends = TokenIds.Read(copy.Genai, "eos_token_id") ?? [];
        if (!ends.Contains(eos))
            yield return new(Name, Severity.Error, place, $"is {(ends.Count == 0 ? "missing" : string.Join(", ", ends.Select(model.Name)))}, the tokenizer ends with {model.Name(eos)}", "ONNX Runtime GenAI does not stop where the student ends", "export the model again with `distill export`");
        int[] lost = [.. model.StopTokens.Where(id => id != eos && !ends.Contains(id))];
        if (lost.Length > 0)
            yield return new(Name, Severity.Warning, place, $"leaves out {string.Join(", ", lost.Select(model.Name))}, where the model folder stops too", "ONNX Runtime GenAI goes on behind it", "make it a list with all of them");
    }

    private IEnumerable<Finding> Width(OnnxCopy copy)
    {
        if (copy.Header.Outputs.FirstOrDefault(output => output.Name == "logits")?.Shape is not [.., var last]) yield break;
        if (!int.TryParse(last, CultureInfo.InvariantCulture, out int width)) yield break;
        if (TokenIds.Number(copy.Genai?["vocab_size"]) is { } stated && stated != width)
            yield return new(Name, Severity.Error, copy.Files.Place(OnnxCopy.GenaiFile, "model.vocab_size"), $"is {stated}, the graph's logits have {width} columns", "ONNX Runtime GenAI reads past the logits, or refuses the folder", $"set it to {width}, or export the model again");
    }

    private IEnumerable<Finding> Tokens(ModelFolder model, OnnxCopy copy)
    {
        if (model.Tokenizer.Value is not { } tokenizer || copy.Files.Tokenizer.Value is not { } copied) yield break;
        TokenizerComparison comparison = TokenizerComparison.Of(tokenizer, copied);
        if (!comparison.IsEqual)
            yield return new(Name, Severity.Error, copy.Files.File(ModelFolder.TokenizerFile), $"gives other ids than the model folder's; {comparison.FirstToken ?? comparison.FirstText}", "the model reads and writes other words than it was trained on", "copy tokenizer.json from the model folder, or export the model again");
    }

    // ONNX Runtime GenAI and transformers.js look for the template in this one place.
    private IEnumerable<Finding> Template(OnnxCopy copy)
    {
        var embedded = new Part<string>(() => JsonFile.Read(copy.Files.File(ModelFolder.TokenizerConfigFile))?["chat_template"]?.ToString());
        if (embedded.Value is null && copy.Files.Template.Value is ChatTemplate)
            yield return new(Name, Severity.Warning, copy.Files.Place(ModelFolder.TokenizerConfigFile, "chat_template"), "is missing; the template is only in chat_template.jinja", "ONNX Runtime GenAI and older transformers.js render no prompts", "write the template into tokenizer_config.json too");
    }
}
