using Distill.Inference;

namespace Distill.Diagnosis.Checks;

/// <summary>Whether a GGUF file stops where the model folder does.</summary>
internal sealed class GgufStopCheck : ICheck
{
    public string Name => "gguf-stop";

    public IEnumerable<Finding> Look(Patient patient)
    {
        ModelFolder model = patient.Model;
        if (model.Tokenizer.Value is not { EosTokenId: { } eos } tokenizer) yield break;
        foreach (GgufCopy file in patient.Gguf.Select(part => part.Value).OfType<GgufCopy>())
        {
            int?[] ends = [file.TokenOf("eos"), file.TokenOf("eot"), file.TokenOf("eom")];
            if (!ends.Contains(eos))
                yield return new(Name, Severity.Error, file.Place("tokenizer.ggml.eos_token_id"), $"is {(ends[0] is { } other ? model.Name(other) : "missing")}, the tokenizer ends with {model.Name(eos)}",
                    "llama.cpp and Ollama do not stop where the student ends", "export the model again, from the folder with its own tokenizer");
            foreach (int id in model.StopTokens.Where(id => id != eos && !ends.Contains(id) && !GgufStopTokens.KnownTexts.Contains(tokenizer.TokenText(id))))
                yield return new(Name, Severity.Warning, file.Place("tokenizer.ggml.eos_token_id"), $"leaves out {model.Name(id)}, where the model folder stops too", "llama.cpp goes on behind it", "set `tokenizer.ggml.eot_token_id`, or name it as a stop word in the Modelfile");
        }
    }
}
