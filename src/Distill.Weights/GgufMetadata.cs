using System.Collections;
using System.Diagnostics.CodeAnalysis;
using Distill.Runs;

namespace Distill.Weights;

/// <summary>
/// The key-value pairs at the head of a GGUF file, in order. A value's .NET type is its GGUF type: <c>uint</c> is u32,
/// <c>float</c> is f32, <c>string[]</c> is an array of strings, and so on; llama.cpp is strict about them.
/// </summary>
/// <param name="path">The file, for messages.</param>
public sealed class GgufMetadata(string path = "metadata") : IEnumerable<KeyValuePair<string, object>>
{
    private readonly List<string> _order = [];
    private readonly Dictionary<string, object> _values = new(StringComparer.Ordinal);

    /// <summary>Pairs held.</summary>
    public int Count => _order.Count;

    /// <summary>Appends a pair.</summary>
    /// <exception cref="ArgumentException">The key is empty or taken, or GGUF has no type for the value.</exception>
    public void Add(string key, object value)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        if (!GgufValueTypes.IsKnown(value.GetType())) throw new ArgumentException($"GGUF has no type for {value.GetType().Name} ({key})", nameof(value));
        _values.Add(key, value);
        _order.Add(key);
    }

    /// <summary>Whether the key is there.</summary>
    public bool Contains(string key) => _values.ContainsKey(key);

    /// <summary>The value as it is stored.</summary>
    public bool TryGet(string key, [NotNullWhen(true)] out object? value) => _values.TryGetValue(key, out value);

    /// <summary>A text, or null when the key is absent.</summary>
    /// <exception cref="InputException">The value is no text.</exception>
    public string? FindString(string key) => Find<string>(key, "a string");

    /// <summary>An array, or null when the key is absent.</summary>
    /// <exception cref="InputException">The value is no array of <typeparamref name="T"/>.</exception>
    public T[]? FindArray<T>(string key) => Find<T[]>(key, $"an array of {typeof(T).Name}");

    /// <summary>A truth value, or null when the key is absent.</summary>
    /// <exception cref="InputException">The value is no truth value.</exception>
    public bool? FindBool(string key) => _values.ContainsKey(key) ? (bool)Find<object>(key, "a bool", value => value is bool)! : null;

    /// <summary>A whole number of any width that fits 31 bits, or null when the key is absent.</summary>
    /// <exception cref="InputException">The value is no such number.</exception>
    public int? FindCount(string key) => Find<object>(key, "a whole number from 0 to 2147483647", IsCount) is { } value ? (int)Convert.ToInt64(value) : null;

    /// <summary>A floating-point number, or null when the key is absent.</summary>
    /// <exception cref="InputException">The value is no such number.</exception>
    public double? FindFloat(string key) => Find<object>(key, "a number", value => value is float or double) is { } value ? Convert.ToDouble(value) : null;

    /// <summary>A text that must be there.</summary>
    /// <exception cref="InputException">The key is absent or the value is no text.</exception>
    public string GetString(string key) => FindString(key) ?? throw Missing(key);

    /// <summary>A whole number that must be there.</summary>
    /// <exception cref="InputException">The key is absent or the value is no whole number from 0 to 2^31 - 1.</exception>
    public int GetCount(string key) => FindCount(key) ?? throw Missing(key);

    /// <summary>A floating-point number that must be there.</summary>
    /// <exception cref="InputException">The key is absent or the value is no number.</exception>
    public double GetFloat(string key) => FindFloat(key) ?? throw Missing(key);

    /// <summary>An array that must be there.</summary>
    /// <exception cref="InputException">The key is absent or the value is no array of <typeparamref name="T"/>.</exception>
    public T[] GetArray<T>(string key) => FindArray<T>(key) ?? throw Missing(key);

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, object>> GetEnumerator()
    {
        foreach (string key in _order) yield return new KeyValuePair<string, object>(key, _values[key]);
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static bool IsCount(object value) => value switch
    {
        ulong number => number <= int.MaxValue,
        byte or sbyte or short or ushort or int or uint or long => Convert.ToInt64(value) is >= 0 and <= int.MaxValue,
        _ => false,
    };

    private T? Find<T>(string key, string expected, Func<object, bool>? accept = null) where T : class
    {
        if (!_values.TryGetValue(key, out object? value)) return null;
        if (value is T typed && (accept is null || accept(value))) return typed;
        throw new InputException($"{path}: key `{key}` is not {expected}", "export the model again");
    }

    private InputException Missing(string key) => new($"{path}: key `{key}` is missing", "export the model again");
}
