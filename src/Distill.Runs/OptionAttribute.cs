namespace Distill.Runs;

/// <summary>
/// Makes a property of a stage's options record settable from the pipeline YAML (name in snake_case) and from a flag
/// (name in kebab-case). The property's initial value is the default.
/// </summary>
/// <param name="description">One line for <c>--help</c>.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class OptionAttribute(string description) : Attribute
{
    /// <summary>One line for <c>--help</c>.</summary>
    public string Description { get; } = description;

    /// <summary>Whether the option must be given.</summary>
    public bool Required { get; init; }

    /// <summary>Whether the value is a path (resolved against the working folder, or a <c>$stage</c> reference in a pipeline).</summary>
    public bool IsPath { get; init; }

    /// <summary>Whether a text is a name, which holds no comma: several may then be written as <c>a,b</c>.</summary>
    public bool IsName { get; init; }

    /// <summary>Whether the value of a path may be the name of something built in instead, e.g. a preset; the stage's <see cref="ICheckedOptions"/> knows the names.</summary>
    public bool MayBeName { get; init; }

    /// <summary>Whether the value may also stand on the command line by itself, without the flag.</summary>
    public bool IsArgument { get; init; }

    /// <summary>
    /// Whether the option leaves the result alone (speed, place, verbosity), so that it is not part of the stage's fingerprint.
    /// </summary>
    public bool DoesNotChangeResult { get; init; }
}
