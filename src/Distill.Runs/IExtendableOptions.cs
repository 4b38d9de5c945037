namespace Distill.Runs;

/// <summary>Options of a stage that can go on with the result in its folder for longer than it was made for, or under some other values.</summary>
public interface IExtendableOptions
{
    /// <summary>Whether it should.</summary>
    bool Extend { get; }

    /// <summary>The options that may then differ, in snake_case; no other may.</summary>
    IReadOnlyList<string> MayDiffer { get; }
}
