namespace Distill.Chat.Jinja;

/// <summary>Names that are visible at one place of the template. A loop's body and a macro's body have a scope of their own.</summary>
internal sealed class JinjaScope
{
    // A scope takes the time of several plain nodes.
    private const int UnitsPerScope = 6;

    // Looking a name up in this many scopes takes about as long as evaluating a node.
    private const int ScopesPerUnit = 8;

    private readonly Dictionary<string, object?> _values = new(StringComparer.Ordinal);

    /// <param name="run">The rendering.</param>
    /// <param name="parent">The scope around it.</param>
    /// <exception cref="JinjaError">The template does too much work.</exception>
    public JinjaScope(JinjaRun run, JinjaScope? parent = null)
    {
        run.Spend(UnitsPerScope);
        (Run, Parent) = (run, parent);
    }

    /// <summary>The rendering.</summary>
    public JinjaRun Run { get; }

    /// <summary>Sets a name in this scope.</summary>
    public void Set(string name, object? value) => _values[name] = value;

    /// <summary>The value of a name, from the innermost scope that has it; else a global function; else undefined.</summary>
    public object? Get(string name)
    {
        int distance = 0;
        for (JinjaScope? scope = this; scope is not null; scope = scope.Parent)
        {
            if (++distance % ScopesPerUnit == 0) Run.Spend(1);
            if (scope._values.TryGetValue(name, out object? value)) return value;
        }
        return JinjaFunctions.Find(name) ?? (object)new JinjaUndefined(name);
    }

    private JinjaScope? Parent { get; }
}
