namespace Distill.Chat.Jinja;

/// <summary>What <c>namespace()</c> makes: the one thing whose members a template may set.</summary>
internal sealed class JinjaNamespace
{
    /// <summary>The members.</summary>
    public Dictionary<string, object?> Members { get; } = new(StringComparer.Ordinal);
}
