namespace Distill.Chat.Jinja;

/// <summary>A name or member that does not exist. It prints as nothing, is false and empty; anything else done with it is an error.</summary>
/// <param name="name">The name or member.</param>
internal sealed class JinjaUndefined(string name)
{
    /// <summary>The name or member.</summary>
    public string Name { get; } = name;
}
