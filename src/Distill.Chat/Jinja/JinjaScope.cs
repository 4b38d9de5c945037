namespace Distill.Chat.Jinja;

/// <summary>Names that are visible at one place of the template. A loop's body and a macro's body have a scope of their own.</summary>
/// <param name="run">The rendering.</param>
/// <param name="parent">The scope around it.</param>
internal sealed class JinjaScope(JinjaRun run, JinjaScope? parent = null)
{
    private readonly Dictionary<string, object?> _values = new(StringComparer.Ordinal);

    /// <summary>The rendering.</summary>
    public JinjaRun Run { get; } = run;

    /// <summary>Sets a name in this scope.</summary>
    public void Set(string name, object? value) => _values[name] = value;

    /// <summary>The value of a name, from the innermost scope that has it; else a global function; else undefined.</summary>
    public object? Get(string name)
    {
        for (JinjaScope? scope = this; scope is not null; scope = scope.Parent)
        {
            if (scope._values.TryGetValue(name, out object? value)) return value;
        }
        return JinjaFunctions.Find(name) ?? (object)new JinjaUndefined(name);
    }

    private JinjaScope? Parent { get; } = parent;
}
