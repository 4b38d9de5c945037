namespace Distill.Diagnosis.Checks;

/// <summary>Whether the padding token is another one than the end of a completion.</summary>
internal sealed class PaddingCheck : ICheck
{
    public string Name => "pad";

    public IEnumerable<Finding> Look(Patient patient)
    {
        ModelFolder model = patient.Model;
        if (model.Tokenizer.Value is not { EosTokenId: { } eos } tokenizer) yield break;
        (string Place, int? Id)[] pads =
        [
            (model.Place(ModelFolder.TokenizerConfigFile, "pad_token"), tokenizer.PadTokenId),
            (model.Place(ModelFolder.ConfigFile, "pad_token_id"), TokenIds.Number(model.Config.Value?["pad_token_id"])),
            (model.Place(ModelFolder.GenerationFile, "pad_token_id"), TokenIds.Number(model.Generation.Value?["pad_token_id"])),
        ];
        if (pads.FirstOrDefault(pad => pad.Id == eos) is not { Place: { } place }) yield break;
        yield return new(Name, Severity.Warning, place, $"is {model.Name(eos)}, the end-of-sequence token itself",
            "distill keeps its own loss mask and is not affected; trainers that leave padding out of the loss leave the end of every completion out too, and the student never stops",
            "name a token that is used for nothing else, such as an unused reserved token, as `pad_token`");
    }
}
