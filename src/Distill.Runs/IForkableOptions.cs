namespace Distill.Runs;

/// <summary>Options of a stage that can begin anew in a folder of other options and keep the work that still fits.</summary>
public interface IForkableOptions
{
    /// <summary>Whether it should.</summary>
    bool Fork { get; }
}
