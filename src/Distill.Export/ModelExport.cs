using Distill.Export.Gguf;
using Distill.Export.Onnx;
using Distill.Models;
using Distill.Runs;
using Distill.Weights;

namespace Distill.Export;

/// <summary>
/// The <c>export</c> stage: one model folder to GGUF files and ONNX folders, and <c>artifact.json</c> that lists them.
/// Files are written whole and are the same for the same model, so an interrupted export is simply run again.
/// </summary>
public static class ModelExport
{
    /// <summary>Runs the stage.</summary>
    /// <param name="options">What to export, and where to.</param>
    /// <param name="progress">Receives one event per tensor and file.</param>
    /// <param name="cancellation">Stops soon; files already finished stay.</param>
    /// <exception cref="InputException">An option or the model is unusable, or the disk is full.</exception>
    public static Task<ExportResult> RunAsync(ExportOptions options, IProgress<ProgressEvent> progress, CancellationToken cancellation) =>
        Task.Run(() => Run(options, progress, cancellation), cancellation);

    private static ExportResult Run(ExportOptions options, IProgress<ProgressEvent> progress, CancellationToken cancellation)
    {
        if (options.Gguf.Count + options.Onnx.Count == 0) throw new InputException("nothing to export", "name a type, e.g. `--gguf Q8_0` or `--onnx fp32`");
        string name = CheckedName(options.Name ?? FolderName(options.Model));
        long parameters = CountParameters(options.Model);
        var files = new List<ArtifactFile>();
        foreach (GgufFileType type in options.Gguf.Distinct())
        {
            cancellation.ThrowIfCancellationRequested();
            string relative = $"gguf/{name}-{type}.gguf", path = Path.Combine(options.Out, "gguf", $"{name}-{type}.gguf");
            GgufSummary summary = GgufExport.Write(options.Model, path, type, name, progress, cancellation);
            files.Add(Describe(path, relative, "gguf", type.ToString(), summary.BitsPerWeight) with { FallbackTensors = summary.FallbackTensors });
        }
        if (options.Onnx.Count > 0)
        {
            cancellation.ThrowIfCancellationRequested();
            progress.Report(new ProgressEvent("export ONNX", 0, 1, "files"));
            string path = OnnxExport.Write(options.Model, Path.Combine(options.Out, "onnx"), cancellation);
            files.Add(Describe(path, Path.GetRelativePath(options.Out, path).Replace('\\', '/'), "onnx", "fp32", 32));
            progress.Report(new ProgressEvent("export ONNX", 1, 1, "files"));
        }
        var result = new ExportResult { Name = name, Parameters = parameters, Files = files };
        result.Save(options.Out);
        return result;
    }

    private static ArtifactFile Describe(string path, string relative, string format, string type, double bitsPerWeight) => new()
    {
        Path = relative,
        Format = format,
        Type = type,
        Bytes = new FileInfo(path).Length,
        Sha256 = Fingerprint.OfFile(path),
        BitsPerWeight = Math.Round(bitsPerWeight, 3),
    };

    private static long CountParameters(string folder)
    {
        ModelConfigFile.Load(folder);
        using IWeightSource source = WeightSource.Open(folder);
        return source.Tensors.Sum(tensor => tensor.ElementCount);
    }

    // Training writes its model into a folder called `model`; the folder above tells more.
    private static string FolderName(string model)
    {
        var folder = new DirectoryInfo(model);
        return folder.Name == "model" && folder.Parent is { Parent: not null } parent ? parent.Name : folder.Name;
    }

    private static string CheckedName(string name) =>
        name.Length is > 0 and <= 100 && name[0] != '.' && name.All(c => char.IsLetterOrDigit(c) || c is '-' or '_' or '.')
            ? name
            : throw new InputException($"`{name}` cannot be part of a file name", "give another one with `--name`, of letters, digits, `-`, `_` and `.`");
}
