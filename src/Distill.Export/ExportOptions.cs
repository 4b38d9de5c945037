using Distill.Export.Gguf;
using Distill.Runs;

namespace Distill.Export;

/// <summary>Options of <c>distill export</c>.</summary>
public sealed record ExportOptions : ICheckedOptions
{
    /// <summary>The model to export: a folder in Hugging Face's layout, or a GGUF file in F32, F16 or BF16.</summary>
    [Option("Model folder (Hugging Face layout) or F32, F16 or BF16 GGUF file to export.", Required = true, IsPath = true, IsArgument = true)]
    public string Model { get; init; } = "";

    /// <summary>GGUF files to write, by quantization type.</summary>
    [Option("GGUF files to write, by quantization type.")]
    public IReadOnlyList<GgufFileType> Gguf { get; init; } = [];

    /// <summary>ONNX folders to write, by precision.</summary>
    [Option("ONNX folders to write, by precision.")]
    public IReadOnlyList<OnnxPrecision> Onnx { get; init; } = [];

    /// <summary><c>none</c>, <c>auto</c>, or an imatrix file in either of llama.cpp's formats.</summary>
    [Option("Importance matrix for quantisation (GGUF, and ONNX in int4): none, auto (compute it), or a file (.gguf or .dat).", IsPath = true, MayBeName = true)]
    public string Imatrix { get; init; } = "none";

    /// <summary>What <c>auto</c> computes the imatrix from; by default what the model was trained on, where <c>train</c> made it.</summary>
    [Option("Calibration text for --imatrix auto: a folder of traces (the verified ones are used) or a text file (default: what train made the model from).", IsPath = true)]
    public string? Calibration { get; init; }

    /// <summary>Types of single tensors, <c>pattern=type</c>.</summary>
    [Option("Type of the tensors whose GGUF names match a pattern, e.g. ffn_down=Q6_K; the first match wins.")]
    public IReadOnlyList<string> TensorType { get; init; } = [];

    /// <summary>Largest GGUF file.</summary>
    [Option("Largest GGUF file, e.g. 4GB; a larger model is split into shards.")]
    public string? MaxShardSize { get; init; }

    /// <summary>llama.cpp's name for the tokenizer's way of splitting text.</summary>
    [Option("llama.cpp's pre-tokenizer name, for a tokenizer that is not recognised.")]
    public string? Pre { get; init; }

    /// <summary>Name in files and metadata; by default the model folder's.</summary>
    [Option("Name in file names and metadata (default: the model folder's).")]
    public string? Name { get; init; }

    /// <summary>License in the metadata, instead of the model card's.</summary>
    [Option("License in the metadata, e.g. mit, instead of the model card's.")]
    public string? License { get; init; }

    /// <summary>Base models in the metadata, instead of the model card's.</summary>
    [Option("Hub ids of the models that this one was made from, instead of the model card's.")]
    public IReadOnlyList<string> BaseModel { get; init; } = [];

    /// <summary>Data sets in the metadata, instead of the model card's.</summary>
    [Option("Hub ids of the data sets that it learned from, instead of the model card's.")]
    public IReadOnlyList<string> Dataset { get; init; } = [];

    /// <summary>Languages in the metadata, instead of the model card's.</summary>
    [Option("Codes of the languages that it speaks, e.g. en, instead of the model card's.")]
    public IReadOnlyList<string> Language { get; init; } = [];

    /// <summary>Tags in the metadata, instead of the model card's.</summary>
    [Option("Words to find it by, instead of the model card's.")]
    public IReadOnlyList<string> Tag { get; init; } = [];

    /// <summary>Whether to export although the doctor finds errors in the model's files or in what was written.</summary>
    [Option("Export although the doctor finds errors in the model's files or in what was written.", DoesNotChangeResult = true)]
    public bool SkipDoctor { get; init; }

    /// <summary>Folder that receives <c>gguf/</c>, <c>onnx/</c> and <c>artifact.json</c>.</summary>
    [Option("Output folder.", Required = true, IsPath = true)]
    public string Out { get; init; } = "";

    /// <inheritdoc/>
    public void Check() => ModelExport.Check(this);
}
