namespace Distill.Prompts;

/// <summary>What to do with a row that cannot be read as a prompt.</summary>
public enum BadRowPolicy
{
    /// <summary>Stop and name it.</summary>
    Stop,

    /// <summary>Leave it out and count it.</summary>
    Skip,
}
