namespace Distill.Pipelines;

/// <summary>Every command that can be a stage: a closed list, the only place where a name leads to code.</summary>
public static class StageCatalog
{
    /// <summary>The stages in the order data walks through them.</summary>
    public static IReadOnlyList<StageKind> All { get; } =
    [
    ];

    /// <summary>The stage of that name, or null.</summary>
    public static StageKind? Find(string name) => All.FirstOrDefault(kind => kind.Name == name);
}
