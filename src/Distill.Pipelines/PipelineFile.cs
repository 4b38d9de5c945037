using Distill.Runs;

namespace Distill.Pipelines;

/// <summary>A pipeline as its YAML file states it: names and texts with their lines, nothing resolved yet.</summary>
/// <param name="Path">The file.</param>
/// <param name="Text">Its text, shown in the report.</param>
/// <param name="Name">Name of the pipeline, and of its run folder.</param>
/// <param name="Seed">Seed of every stage that names none, or null.</param>
/// <param name="Stages">The stages, in order.</param>
public sealed record PipelineFile(string Path, string Text, string Name, OptionValue? Seed, IReadOnlyList<PipelineStage> Stages)
{
    /// <summary>Reads a pipeline.</summary>
    /// <param name="path">The file, from the working folder or from where distill is installed.</param>
    /// <exception cref="InputException">There is no such file, or it is no pipeline; with file and line.</exception>
    public static PipelineFile Load(string path) => Load(path, StageCatalog.All);

    internal static PipelineFile Load(string path, IReadOnlyList<StageKind> kinds)
    {
        string found = InstallFolder.Find(path) is { } file && File.Exists(file) ? file
            : throw new InputException($"{path}: {(Directory.Exists(path) ? "is a folder" : "there is no such file")}", "give the path of a pipeline, e.g. pipelines/quickstart.yaml");
        if (new FileInfo(found).Length > PipelineParser.MaxBytes)
            throw new InputException($"{path}: is too large for a pipeline ({PipelineParser.MaxBytes >> 20} MiB at most)", "give the path of a YAML file with `stages:`");
        return PipelineParser.Parse(path, File.ReadAllText(found), kinds);
    }
}

/// <summary>One stage as the file states it.</summary>
/// <param name="Id">Name within the pipeline: its <c>id</c>, or the command's name.</param>
/// <param name="Kind">The command.</param>
/// <param name="Place">Where it stands, <c>file:line</c>.</param>
/// <param name="Values">Its keys and values.</param>
public sealed record PipelineStage(string Id, StageKind Kind, string Place, IReadOnlyList<OptionValue> Values);
