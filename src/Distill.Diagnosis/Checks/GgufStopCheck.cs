namespace Distill.Diagnosis.Checks;

/// <summary>Whether a GGUF file stops where the model folder does.</summary>
internal sealed class GgufStopCheck : ICheck
{
    // Texts that llama.cpp takes for the end of a completion wherever it finds them among the tokens.
    private static readonly HashSet<string> KnownEnds =
    [
        "<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<|endoftext|>", "<EOT>", "_<EOT>", "<｜end▁of▁sentence｜>", "<end_of_utterance>", "<|eom_id|>", "<|end_of_text|>", "</s>", "<|return|>", "<|call|>",
    ];

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
            foreach (int id in model.StopTokens.Where(id => id != eos && !ends.Contains(id) && !KnownEnds.Contains(tokenizer.TokenText(id))))
                yield return new(Name, Severity.Warning, file.Place("tokenizer.ggml.eos_token_id"), $"leaves out {model.Name(id)}, where the model folder stops too", "llama.cpp goes on behind it", "set `tokenizer.ggml.eot_token_id`, or name it as a stop word in the Modelfile");
        }
    }
}
