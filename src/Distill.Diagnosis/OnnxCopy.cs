using System.Text.Json.Nodes;
using Distill.Inference;
using Distill.Runs;
using Distill.Weights;

namespace Distill.Diagnosis;

/// <summary>What an exported ONNX folder says about the model that it was made from.</summary>
/// <param name="Files">Tokenizer and configuration, in the layout of a model folder.</param>
/// <param name="Header">The graph's inputs and outputs.</param>
/// <param name="Genai">The part <c>model</c> of genai_config.json, which ONNX Runtime GenAI reads; null when there is none.</param>
internal sealed record OnnxCopy(ModelFolder Files, OnnxHeader Header, JsonObject? Genai)
{
    public const string GenaiFile = "genai_config.json";

    public static OnnxCopy Read(OnnxModelPath path) =>
        new(new ModelFolder(path.Folder), OnnxHeader.Read(path.ModelFile), JsonFile.Read(Path.Combine(path.Folder, GenaiFile))?["model"] as JsonObject);
}
