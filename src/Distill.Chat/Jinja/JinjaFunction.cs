namespace Distill.Chat.Jinja;

/// <summary>Something that can be called: a macro, a global function, a method bound to its value.</summary>
/// <param name="name">Its name, for messages.</param>
/// <param name="body">What it does.</param>
internal sealed class JinjaFunction(string name, Func<JinjaCall, object?> body)
{
    /// <summary>Its name, for messages.</summary>
    public string Name { get; } = name;

    /// <summary>Calls it.</summary>
    public object? Invoke(JinjaCall call) => body(call);
}

/// <summary>The arguments of one call of a function, filter, test or method.</summary>
/// <param name="Run">The rendering.</param>
/// <param name="Positional">Arguments by position.</param>
/// <param name="Named">Arguments by name.</param>
internal sealed record JinjaCall(JinjaRun Run, IReadOnlyList<object?> Positional, IReadOnlyDictionary<string, object?> Named)
{
    /// <summary>The argument at a position or of a name, or <paramref name="otherwise"/> when it is not given.</summary>
    public object? Argument(int position, string name, object? otherwise = null) =>
        position < Positional.Count ? Positional[position] : Named.TryGetValue(name, out object? value) ? value : otherwise;

    /// <summary>A text argument.</summary>
    /// <exception cref="JinjaError">It is something else.</exception>
    public string Text(int position, string name, string? otherwise = null) => Argument(position, name, otherwise) switch
    {
        string text => text,
        var other => throw new JinjaError($"argument `{name}` is {JinjaValues.TypeName(other)}, not text"),
    };

    /// <summary>A whole-number argument.</summary>
    /// <exception cref="JinjaError">It is something else.</exception>
    public int Integer(int position, string name, int? otherwise = null) => Argument(position, name, (long?)otherwise) switch
    {
        bool flag => flag ? 1 : 0,
        long number => (int)Math.Clamp(number, int.MinValue, int.MaxValue),
        var other => throw new JinjaError($"argument `{name}` is {JinjaValues.TypeName(other)}, not a whole number"),
    };

    /// <summary>A truth-value argument.</summary>
    public bool Flag(int position, string name, bool otherwise = false) => JinjaValues.IsTrue(Argument(position, name, otherwise));
}
