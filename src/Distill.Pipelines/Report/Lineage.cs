namespace Distill.Pipelines.Report;

/// <summary>Who was made from what in a pipeline: tells what a model is in the experiment.</summary>
internal sealed class Lineage
{
    private readonly Dictionary<string, PlannedStage> _byId;

    public Lineage(IReadOnlyList<PlannedStage> stages) => _byId = stages.ToDictionary(stage => stage.Id);

    /// <summary>The stages that a stage reads from.</summary>
    public IEnumerable<PlannedStage> SourcesOf(PlannedStage stage) => stage.Needs.Select(id => _byId[id]);

    /// <summary>What a <c>train</c> stage makes.</summary>
    public ScoreRole RoleOfStudent(PlannedStage train)
    {
        if (Text(train, "max_steps") == "0") return ScoreRole.Untrained;
        PlannedStage[] sets = [.. SourcesOf(train).Where(source => source.Kind.Name == "curate")];
        if (sets.Any(set => Text(set, "drop_reasoning") == "true")) return ScoreRole.AnswersOnly;
        return sets.SelectMany(SourcesOf).Any(source => source.Kind.Name == "teacher-gen") ? ScoreRole.Distilled : ScoreRole.Other;
    }

    /// <summary>What a scored model is, told from the stage that made it or uses it.</summary>
    public ScoreRole RoleOf(string model) => MakerOf(model) switch
    {
        { Kind.Name: "export" } => ScoreRole.Artifact,
        { Kind.Name: "train" } train => RoleOfStudent(train),
        null when IsTeacher(model) => ScoreRole.Teacher,
        _ => ScoreRole.Other,
    };

    private bool IsTeacher(string path) => _byId.Values.Any(stage => stage.Kind.Name == "teacher-gen" && SamePath(Text(stage, "teacher"), path));

    private PlannedStage? MakerOf(string path)
    {
        string full = Path.GetFullPath(path) + Path.DirectorySeparatorChar;
        return _byId.Values.FirstOrDefault(stage => full.StartsWith(Path.GetFullPath(stage.Folder) + Path.DirectorySeparatorChar, StringComparison.Ordinal));
    }

    /// <summary>The value of an option as a user would write it; empty when the stage has no such option.</summary>
    public static string Text(PlannedStage stage, string key) => stage.Kind.Options.Find(key)?.TextIn(stage.Options) ?? "";

    private static bool SamePath(string a, string b) => a.Length > 0 && Path.GetFullPath(a) == Path.GetFullPath(b);
}
