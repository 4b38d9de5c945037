using Distill.Curation;
using Distill.Eval;
using Distill.Export;
using Distill.Prompts;
using Distill.Teacher;
using Distill.Training;

namespace Distill.Pipelines;

/// <summary>Every command that can be a stage: a closed list, the only place where a name leads to code.</summary>
public static class StageCatalog
{
    /// <summary>The stages in the order data walks through them.</summary>
    public static IReadOnlyList<StageKind> All { get; } =
    [
        StageKind.Of<PromptsOptions, PromptsResult>(
            "prompts", "Write generated problems with reference answers.", PromptsStage.FileName, PromptsStage.RunAsync),
        StageKind.Of<TeacherGenOptions, TeacherGenResult>(
            "teacher-gen", "Complete prompts with a teacher and judge every completion.", TraceGeneration.TracesFolder, TraceGeneration.RunAsync),
        StageKind.Of<CurateOptions, CurateResult>(
            "curate", "Choose the traces to learn from, with a reason for every one that is dropped.", TraceCuration.DatasetFolder,
            (options, progress, cancellation) => TraceCuration.RunAsync(options, progress, cancellation, EvaluationProblems.Read)),
        StageKind.Of<TrainOptions, TrainResult>(
            "train", "Train a student on a training set.", TrainStage.ModelFolderName,
            (options, progress, cancellation) => TrainStage.RunAsync(options, progress, cancellation, EvaluationProblems.SuiteOf)),
        StageKind.Of<ExportOptions, ExportResult>(
            "export", "Write a model as GGUF and ONNX files.", "", ModelExport.RunAsync),
        StageKind.Of<EvalOptions, EvalReport>(
            "eval", "Score a model, or an exported file of it, on suites of problems.", "", (options, progress, cancellation) => new Evaluation().RunAsync(options, progress, cancellation)),
    ];
}
