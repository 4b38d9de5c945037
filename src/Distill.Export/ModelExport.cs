using System.Globalization;
using System.Text.Json.Nodes;
using Distill.Chat;
using Distill.Diagnosis;
using Distill.Export.Gguf;
using Distill.Export.Onnx;
using Distill.Export.Quantization;
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
        Check(options);
        string name = CheckedName(options.Name ?? DefaultName(options.Model));
        GgufExportSettings settings = Settings(options);
        using GgufModelSource source = GgufModelSource.Open(options.Model, name, settings);
        IReadOnlyList<Finding> known = Diagnose(options, [], [], progress);
        if (options.Onnx.Count > 0) OnnxExport.RequireExportable(options.Model);
        RequireWritable(source, options, settings);
        if (options.Gguf.Count > 0 || options.Onnx.Contains(OnnxPrecision.Int4)) settings = settings with { Importance = Importance(options, progress, cancellation) };
        GgufFilePlan[] plans = [.. options.Gguf.Distinct().Select(type => new GgufFilePlan(source, type, settings))];
        DiskSpace.Require(options.Out, plans.Sum(plan => plan.TensorBytes) + options.Onnx.Distinct().Sum(precision => precision.MostBytes(source.Parameters)));
        var files = new List<ArtifactFile>();
        foreach (GgufFilePlan plan in plans)
        {
            cancellation.ThrowIfCancellationRequested();
            GgufSummary summary = GgufExport.Write(plan, Path.Combine(options.Out, "gguf", $"{name}-{plan.Type}.gguf"), progress, cancellation);
            // The first type gets the name that Ollama looks for.
            string modelfile = files.Count == 0 ? "Modelfile" : $"Modelfile.{plan.Type}";
            AtomicFile.WriteText(Path.Combine(options.Out, "gguf", modelfile), OllamaModelfile.Text([.. summary.Files.Select(file => Path.GetFileName(file)!)], plan.Metadata()));
            Add(Describe(options.Out, summary.Files, "gguf", plan.Type.ToString(), summary.BitsPerWeight) with { FallbackTensors = summary.FallbackTensors });
        }
        if (options.Onnx.Count > 0)
        {
            cancellation.ThrowIfCancellationRequested();
            OnnxPrecision[] precisions = [.. options.Onnx.Distinct()];
            progress.Report(new ProgressEvent("export ONNX", 0, precisions.Length, "files"));
            foreach (OnnxSummary summary in OnnxExport.Write(options.Model, Path.Combine(options.Out, "onnx"), precisions, settings.Importance, OnnxModelFile.LargestSingleFile, cancellation))
                Add(Describe(options.Out, ModelFiles.Of(summary.Path), "onnx", summary.Precision.ToString().ToLowerInvariant(), summary.BitsPerWeight));
            progress.Report(new ProgressEvent("export ONNX", precisions.Length, precisions.Length, "files"));
        }
        Diagnose(options, files, known, progress);
        string[] fallbacks = [.. plans.Select(plan => plan.FallbackNote()).OfType<string>()];
        var result = new ExportResult { Name = name, Parameters = source.Parameters, Files = files, Fallbacks = fallbacks.Length > 0 ? string.Join("; ", fallbacks) : null };
        result.Save(options.Out);
        return result;

        void Add(ArtifactFile file)
        {
            files.Add(file);
            string parts = file.Parts.Count > 0 ? $" and {file.Parts.Count - 1} more" : "";
            progress.Report(ProgressEvent.Say(string.Create(CultureInfo.InvariantCulture, $"{file.Path}{parts}: {DiskSpace.Text(file.Bytes)}, {file.BitsPerWeight:0.00} bits per weight")));
        }
    }

    /// <summary>Checks what needs no file.</summary>
    /// <exception cref="InputException">There is nothing to do, or a value cannot be read.</exception>
    internal static void Check(ExportOptions options)
    {
        if (options.Gguf.Count + options.Onnx.Count == 0) throw new InputException("nothing to export", "name a type, e.g. `--gguf Q8_0` or `--onnx fp32`");
        if (options.Name is { } name) CheckedName(name);
        if (options.Imatrix is not ("none" or "auto") && InstallFolder.IsOnlyAName(options.Imatrix))
            throw new InputException($"{options.Imatrix}: no such imatrix file", "give `none`, `auto` or the path of a .gguf or .dat file");
        Settings(options);
    }

    // Before anything is written the model, afterwards what was made of it. Files with errors stay, and are not listed as artifacts.
    private static IReadOnlyList<Finding> Diagnose(ExportOptions options, IReadOnlyList<ArtifactFile> written, IReadOnlyList<Finding> known, IProgress<ProgressEvent> progress)
    {
        if (options.SkipDoctor || !Directory.Exists(options.Model)) return []; // a GGUF file has nothing beside it that could disagree
        string[] Paths(string format) => [.. written.Where(file => file.Format == format).Select(file => Path.Combine(options.Out, file.Path))];
        var examination = new Examination { Model = options.Model, Gguf = Paths("gguf"), Onnx = Paths("onnx") };
        IReadOnlyList<Finding> findings = ModelDoctor.RequireHealthy(examination, "`--skip-doctor` exports nevertheless");
        foreach (Finding warning in findings.Except(known).Where(finding => finding.Severity == Severity.Warning)) progress.Report(ProgressEvent.Say($"doctor: {warning.Sentence}"));
        return findings;
    }

    // What can be known at once should not be found after an hour of measuring.
    private static void RequireWritable(GgufModelSource source, ExportOptions options, GgufExportSettings settings)
    {
        if (options.Gguf.Count == 0) return;
        source.Metadata(options.Gguf[0]);
        TensorOverride.RequireUse(settings.Overrides, source.Path, [.. source.Tensors.Where(tensor => TensorCategories.IsQuantized(tensor.Name, tensor.Shape)).Select(tensor => tensor.Name)]);
    }

    private static GgufExportSettings Settings(ExportOptions options)
    {
        if (options.Onnx.Count > 0 && GgufModelSource.IsGguf(options.Model))
            throw new InputException($"{options.Model}: ONNX is exported from a model folder, not from a GGUF file", "give the model folder, or leave out `--onnx`");
        if (options.Pre is { } pre && !options.SkipDoctor && !PreTokenizerNames.IsKnownToLlamaCpp(pre))
            throw new InputException($"`--pre {pre}`: llama.cpp has no pre-tokenizer of that name, and refuses files with it",
                $"{NearestName.Hint(pre, PreTokenizerNames.All)}; `--skip-doctor` writes the name of a newer llama.cpp");
        return new GgufExportSettings
        {
            Overrides = [.. options.TensorType.Select(TensorOverride.Parse)],
            MaxShardBytes = options.MaxShardSize is { } size ? ShardSize.Parse(size) : null,
            PreTokenizer = options.Pre,
            Card = new ModelCard { License = options.License, BaseModels = options.BaseModel, Datasets = options.Dataset, Languages = options.Language, Tags = options.Tag },
        };
    }

    // What `auto` measures is kept in both formats, for other tools and for the next export.
    private static ImportanceMatrix? Importance(ExportOptions options, IProgress<ProgressEvent> progress, CancellationToken cancellation)
    {
        if (options.Imatrix == "none") return null;
        if (options.Imatrix != "auto") return ImportanceMatrixFile.Read(options.Imatrix);
        if (GgufModelSource.IsGguf(options.Model)) throw new InputException($"{options.Model}: an imatrix is computed from a model folder", "give the model folder, or `--imatrix <file>`");
        string calibration = options.Calibration ?? TrainedOn(options.Model)
            ?? throw new InputException("`--imatrix auto` needs something to read", "add `--calibration <traces>`, or a text file");
        ImportanceMatrix matrix = ImportanceMeasurement.Measure(options.Model, calibration, progress, cancellation);
        ImportanceMatrixFile.WriteGguf(matrix, Path.Combine(options.Out, "gguf", "imatrix.gguf"));
        ImportanceMatrixFile.WriteDat(matrix, Path.Combine(options.Out, "gguf", "imatrix.dat"));
        return matrix;
    }

    // The folder above a trained model has the manifest of its training.
    private static string? TrainedOn(string model) =>
        RunManifest.TryLoad(Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(model)))!) is { Stage: "train" } manifest
            && manifest.Options["data"] is JsonValue value && value.TryGetValue(out string? data) && Path.Exists(data) ? data : null;

    private static ArtifactFile Describe(string folder, IReadOnlyList<string> paths, string format, string type, double bitsPerWeight)
    {
        var hashes = paths.ToDictionary(path => path, Fingerprint.OfFile);
        ArtifactPart[] parts = [.. paths.Select(path => new ArtifactPart(Path.GetRelativePath(folder, path).Replace('\\', '/'), new FileInfo(path).Length, hashes[path]))];
        return new ArtifactFile
        {
            Path = parts[0].Path,
            Parts = parts.Length > 1 ? parts : [],
            Format = format,
            Type = type,
            Bytes = parts.Sum(part => part.Bytes),
            Sha256 = Fingerprint.OfFiles(paths, path => hashes[path]),
            BitsPerWeight = Math.Round(bitsPerWeight, 3),
        };
    }

    // Training writes its model into a folder called `model`; the folder above tells more.
    private static string DefaultName(string model)
    {
        if (GgufModelSource.IsGguf(model)) return WithoutType(Path.GetFileNameWithoutExtension(model));
        var folder = new DirectoryInfo(model);
        return folder.Name == "model" && folder.Parent is { Parent: not null } parent ? parent.Name : folder.Name;
    }

    // `name-F16.gguf` becomes `name-Q4_K_M.gguf`, not `name-F16-Q4_K_M.gguf`.
    private static string WithoutType(string name)
    {
        int dash = name.LastIndexOf('-');
        return dash > 0 && Enum.TryParse<GgufFileType>(name[(dash + 1)..], ignoreCase: true, out _) ? name[..dash] : name;
    }

    private static string CheckedName(string name) =>
        name.Length is > 0 and <= 100 && name[0] != '.' && name.All(c => char.IsLetterOrDigit(c) || c is '-' or '_' or '.')
            ? name
            : throw new InputException($"`{name}` cannot be part of a file name", "give another one with `--name`, of letters, digits, `-`, `_` and `.`");
}
