namespace Distill.Chat.Jinja;

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
        public Key(object? value)
        {
            if (value is JinjaList { IsTuple: false } or JinjaDictionary) throw new JinjaError($"{JinjaValues.TypeName(value)} cannot be a dictionary key");
            if (value is string text) JinjaRun.ChargeText(text);
            Value = value;
        }

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
