namespace Distill.Runs;

/// <summary>Options of a stage that can go on with the result in its folder for longer than it was made for.</summary>
public interface IExtendableOptions
{
    /// <summary>Whether it should.</summary>
    bool Extend { get; }

    /// <summary>The options that say for how long, in snake_case; no other may differ.</summary>
    IReadOnlyList<string> Length { get; }
}
