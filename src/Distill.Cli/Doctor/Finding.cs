namespace Distill.Cli.Doctor;

/// <summary>How a thing stands.</summary>
internal enum Health
{
    /// <summary>As it should be.</summary>
    Good,

    /// <summary>Works, with a limit worth knowing.</summary>
    Note,

    /// <summary>Missing or broken, and needed.</summary>
    Bad,
}

/// <summary>One thing that the doctor looked at.</summary>
/// <param name="Name">What it is, e.g. <c>memory</c>.</param>
/// <param name="Health">How it stands.</param>
/// <param name="Text">What was found.</param>
/// <param name="Values">The same for programs: names and values.</param>
internal sealed record Finding(string Name, Health Health, string Text, IReadOnlyDictionary<string, object?> Values);
