using Distill.Export.Gguf;
using Distill.Runs;

namespace Distill.Export;

/// <summary>Options of <c>distill export</c>.</summary>
public sealed record ExportOptions
{
    /// <summary>The model to export, in Hugging Face's layout.</summary>
    [Option("Model folder to export (Hugging Face layout).", Required = true, IsPath = true)]
    public string Model { get; init; } = "";

    /// <summary>GGUF files to write, by quantization type.</summary>
    [Option("GGUF files to write, by quantization type.")]
    public IReadOnlyList<GgufFileType> Gguf { get; init; } = [];

    /// <summary>ONNX folders to write, by precision.</summary>
    [Option("ONNX folders to write, by precision.")]
    public IReadOnlyList<OnnxPrecision> Onnx { get; init; } = [];

    /// <summary>Name in files and metadata; by default the model folder's.</summary>
    [Option("Name in file names and metadata (default: the model folder's).")]
    public string? Name { get; init; }

    /// <summary>Folder that receives <c>gguf/</c>, <c>onnx/</c> and <c>artifact.json</c>.</summary>
    [Option("Output folder.", Required = true, IsPath = true)]
    public string Out { get; init; } = "";
}

/// <summary>Precisions of an exported ONNX model.</summary>
public enum OnnxPrecision
{
    /// <summary>Single precision.</summary>
    Fp32,
}
