namespace Distill.Diagnosis;

/// <summary>How bad a finding is.</summary>
public enum Severity
{
    /// <summary>As it should be, and worth knowing.</summary>
    Note,

    /// <summary>Goes well in distill; other tools that read the same files may go wrong.</summary>
    Warning,

    /// <summary>A model trained or run with these files is wrong.</summary>
    Error,
}

/// <summary>One thing that the doctor found.</summary>
/// <param name="Check">Name of the check, e.g. <c>eos</c>.</param>
/// <param name="Severity">How bad it is.</param>
/// <param name="Where">File and key, as <c>folder/config.json: `eos_token_id`</c>.</param>
/// <param name="What">What stands there, and what contradicts it.</param>
/// <param name="Consequence">What comes of it.</param>
/// <param name="Fix">What to change; empty when nothing has to be.</param>
public sealed record Finding(string Check, Severity Severity, string Where, string What, string Consequence, string Fix)
{
    /// <summary>Where and what, in one line.</summary>
    public string Sentence => Where.EndsWith('`') ? $"{Where} {What}" : $"{Where}: {What}";
}
