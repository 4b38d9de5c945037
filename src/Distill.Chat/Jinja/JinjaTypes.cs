namespace Distill.Chat.Jinja;

// A template's values are: null (none), bool, long, double, string, and the types of this file.

/// <summary>A name or member that does not exist. It prints as nothing, is false and empty; anything else done with it is an error.</summary>
/// <param name="name">The name or member.</param>
internal sealed class JinjaUndefined(string name)
{
    /// <summary>The name or member.</summary>
    public string Name { get; } = name;
}

/// <summary>A list, or a tuple; never changed once made.</summary>
/// <param name="items">The elements.</param>
/// <param name="isTuple">Whether it prints as a tuple.</param>
internal sealed class JinjaList(IReadOnlyList<object?> items, bool isTuple = false)
{
    /// <summary>The elements.</summary>
    public IReadOnlyList<object?> Items { get; } = items;

    /// <summary>Whether it prints as a tuple.</summary>
    public bool IsTuple { get; } = isTuple;
}

/// <summary>A dictionary that keeps the order in which its keys came; never changed once a template sees it.</summary>
internal sealed class JinjaDictionary
{
    private readonly OrderedDictionary<Key, object?> _items = [];

    /// <summary>Keys and values in order.</summary>
    public IEnumerable<(object? Key, object? Value)> Items => _items.Select(item => (item.Key.Value, item.Value));

    /// <summary>How many keys there are.</summary>
    public int Count => _items.Count;

    /// <summary>Sets a key.</summary>
    /// <exception cref="JinjaError">The key is a list or dictionary.</exception>
    public void Set(object? key, object? value) => _items[new Key(key)] = value;

    /// <summary>The value of a key.</summary>
    public bool TryGet(object? key, out object? value) => _items.TryGetValue(new Key(key), out value);

    // Python's rule for keys: 1, 1.0 and true are the same one; null is a key, too.
    private readonly record struct Key
    {
        public Key(object? value) => Value = value is JinjaList { IsTuple: false } or JinjaDictionary
            ? throw new JinjaError($"a {JinjaValues.TypeName(value)} cannot be a dictionary key")
            : value;

        public object? Value { get; }

        public bool Equals(Key other) => JinjaValues.AreEqual(Value, other.Value);

        public override int GetHashCode() => Value switch
        {
            string text => text.GetHashCode(StringComparison.Ordinal),
            bool or long or double => Convert.ToDouble(Value).GetHashCode(),
            _ => 0,
        };
    }
}

/// <summary>What <c>namespace()</c> makes: the one thing whose members a template may set.</summary>
internal sealed class JinjaNamespace
{
    /// <summary>The members.</summary>
    public Dictionary<string, object?> Members { get; } = new(StringComparer.Ordinal);
}

/// <summary>The <c>loop</c> of a <c>for</c> statement.</summary>
/// <param name="items">What is looped over.</param>
/// <param name="index">Position of the current element, from 0.</param>
/// <param name="depth">How many loops are around this one.</param>
internal sealed class JinjaLoop(IReadOnlyList<object?> items, int index, int depth)
{
    /// <summary>How many loops are around this one.</summary>
    public int Depth { get; } = depth;

    /// <summary>A member of the loop object; undefined when there is none of that name.</summary>
    public object? Member(string name) => name switch
    {
        "index" => index + 1L,
        "index0" => (long)index,
        "revindex" => (long)(items.Count - index),
        "revindex0" => items.Count - index - 1L,
        "first" => index == 0,
        "last" => index == items.Count - 1,
        "length" => (long)items.Count,
        "depth" => Depth + 1L,
        "depth0" => (long)Depth,
        "previtem" => index > 0 ? items[index - 1] : new JinjaUndefined(name),
        "nextitem" => index + 1 < items.Count ? items[index + 1] : new JinjaUndefined(name),
        "cycle" => new JinjaFunction("loop.cycle", call => call.Positional.Count > 0
            ? call.Positional[index % call.Positional.Count]
            : throw new JinjaError("loop.cycle needs something to cycle through")),
        _ => new JinjaUndefined(name),
    };
}

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
