using Distill.Inference;
using Distill.Runs;

namespace Distill.Diagnosis;

/// <summary>Everything that the checks look at.</summary>
/// <param name="Model">The model.</param>
/// <param name="TokenizerOnly">Whether the model is yet to be made.</param>
/// <param name="Teacher">The teacher, if one is named.</param>
/// <param name="Gguf">GGUF files made from the model.</param>
/// <param name="Onnx">ONNX folders made from the model.</param>
internal sealed record Patient(ModelFolder Model, bool TokenizerOnly, ModelFolder? Teacher, IReadOnlyList<Part<GgufCopy>> Gguf, IReadOnlyList<Part<OnnxCopy>> Onnx)
{
    /// <summary>Why files could not be read.</summary>
    public IEnumerable<InputException> Problems =>
    [
        .. Model.Problems(TokenizerOnly), .. Teacher?.Problems(tokenizerOnly: true) ?? [],
        .. Gguf.Select(file => file.Problem).OfType<InputException>(), .. Gguf.Select(file => file.Value?.Tokenizer.Problem).OfType<InputException>(),
        .. Onnx.Select(folder => folder.Problem).OfType<InputException>(), .. Onnx.SelectMany(folder => folder.Value?.Files.Problems(tokenizerOnly: true) ?? []),
    ];

    public static Patient Admit(Examination examination)
    {
        foreach (string folder in new[] { examination.Model, examination.Teacher }.OfType<string>())
        {
            if (!Directory.Exists(folder)) throw new InputException($"{folder}: no such model folder", "give the folder that holds config.json and tokenizer.json");
        }
        if (examination.Gguf.FirstOrDefault(path => !File.Exists(path)) is { } absent) throw new InputException($"{absent}: no such file", "name the .gguf file that was made from the model");
        return new(new ModelFolder(examination.Model), examination.TokenizerOnly, examination.Teacher is { } teacher ? new ModelFolder(teacher) : null,
            [.. examination.Gguf.Select(path => new Part<GgufCopy>(() => GgufCopy.Read(path)))],
            [.. examination.Onnx.Select(OnnxModelPath.Of).Select(path => new Part<OnnxCopy>(() => OnnxCopy.Read(path)))]);
    }
}
