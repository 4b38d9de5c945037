using System.Globalization;
using System.Reflection;
using System.Text.Json.Nodes;

namespace Distill.Runs;

/// <summary>Turns what the user wrote into the type of one option, and back. The set of types is closed.</summary>
internal sealed class OptionConversion
{
    private readonly Type _element;
    private readonly bool _nullable, _hasCommas;

    private OptionConversion(Type element, bool nullable, bool isList, bool hasCommas = false)
    {
        _element = element;
        (_nullable, _hasCommas) = (nullable, hasCommas);
        IsList = isList;
        AcceptedValues = element.IsEnum ? [.. Enum.GetNames(element).Select(Word)] : [];
    }

    public bool IsList { get; }

    public bool IsText => _element == typeof(string);

    public bool IsSwitch => _element == typeof(bool) && !IsList;

    public IReadOnlyList<string> AcceptedValues { get; }

    public string ValueName =>
        _element.IsEnum ? string.Join('|', AcceptedValues)
        : _element == typeof(string) ? "TEXT"
        : _element == typeof(bool) ? "true|false"
        : _element == typeof(double) ? "X" : "N";

    public static OptionConversion For(PropertyInfo property)
    {
        Type type = property.PropertyType;
        bool isList = type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>);
        if (isList) type = type.GetGenericArguments()[0];
        Type element = Nullable.GetUnderlyingType(type) ?? type;
        bool nullable = element != type || (element == typeof(string) && IsNullableText(property));
        if (element.IsEnum || element == typeof(string))
            return new(element, nullable, isList, hasCommas: element == typeof(string) && property.GetCustomAttribute<OptionAttribute>() is not { IsName: true });
        if (isList && element == typeof(double)) return new(element, nullable, isList);
        if (!isList && (element == typeof(int) || element == typeof(long) || element == typeof(double) || element == typeof(bool)))
            return new(element, nullable, isList);
        throw new InvalidOperationException($"{property.DeclaringType}.{property.Name}: {property.PropertyType} is no option type");
    }

    /// <summary>Converts; on failure gives no value but says what is wrong and what would be right.</summary>
    public (object? Value, string? Problem, string? Remedy) Convert(IReadOnlyList<string> values)
    {
        if (IsList) return ConvertList(values);
        if (values.Count > 1) return (null, $"takes one value, not {values.Count}", null);
        if (values.Count == 1) return ConvertOne(values[0]);
        if (_nullable) return (null, null, null);
        return IsSwitch ? (true, null, null) : (null, "needs a value", null);
    }

    public static string Format(object value) => value switch
    {
        bool yes => yes ? "true" : "false",
        Enum word => Word(word.ToString()),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };

    public static JsonNode? ToJson(object? value) => value switch
    {
        null => null,
        int number => number,
        long number => number,
        double number => number,
        bool yes => yes,
        string text => text,
        Enum => Format(value),
        System.Collections.IEnumerable items => new JsonArray([.. items.Cast<object?>().Select(ToJson)]),
        _ => throw new InvalidOperationException($"{value.GetType()} is no option type"),
    };

    private (object? Value, string? Problem, string? Remedy) ConvertList(IReadOnlyList<string> values)
    {
        // Words of a closed set, names and numbers hold no commas, so `--gguf F16,Q8_0` can only mean two of them; free text stays as it is.
        string[] items = [.. _hasCommas ? values : values.SelectMany(value => value.Split(',', StringSplitOptions.TrimEntries))];
        var list = Array.CreateInstance(_element, items.Length);
        for (int i = 0; i < items.Length; i++)
        {
            var (value, problem, remedy) = ConvertOne(items[i]);
            if (problem != null) return (null, problem, remedy);
            list.SetValue(value, i);
        }
        return (list, null, null);
    }

    private (object? Value, string? Problem, string? Remedy) ConvertOne(string text)
    {
        if (_element == typeof(string)) return (text, null, null);
        if (_element.IsEnum) return ConvertWord(text);
        const NumberStyles Whole = NumberStyles.AllowLeadingSign;
        if (_element == typeof(int) && int.TryParse(text, Whole, CultureInfo.InvariantCulture, out int small)) return (small, null, null);
        if (_element == typeof(long) && long.TryParse(text, Whole, CultureInfo.InvariantCulture, out long large)) return (large, null, null);
        if (_element == typeof(bool) && bool.TryParse(text, out bool yes)) return (yes, null, null);
        if (_element == typeof(double) && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double real) && double.IsFinite(real))
            return (real, null, null);
        string wanted = _element == typeof(bool) ? "`true` or `false`" : _element == typeof(double) ? "a number" : "a whole number";
        bool tooLarge = wanted == "a whole number" && Int128.TryParse(text, Whole, CultureInfo.InvariantCulture, out _);
        return (null, tooLarge ? $"`{text}` is out of range" : $"`{text}` is not {wanted}", $"give {wanted}");
    }

    private (object? Value, string? Problem, string? Remedy) ConvertWord(string text)
    {
        string[] names = Enum.GetNames(_element);
        string? name = names.FirstOrDefault(name => Letters(name).Equals(Letters(text), StringComparison.OrdinalIgnoreCase));
        if (name != null) return (Enum.Parse(_element, name), null, null);
        string accepted = string.Join(", ", AcceptedValues.Select(value => $"`{value}`"));
        return (null, $"`{text}` is unknown", $"choose from {accepted}");
    }

    // `answers-only`, `answers_only` and `AnswersOnly` are one word, and so are `Q8_0` and `q8_0`.
    private static string Letters(string word) => word.Replace("_", "").Replace("-", "");

    // PascalCase becomes kebab-case; names in the field's own spelling (Q8_0, BF16) stay.
    private static string Word(string name)
    {
        if (!name.Any(char.IsLower) || name.Contains('_')) return name;
        // A single capital belongs to the word behind it: `BFloat16` is bfloat16.
        if (name is [>= 'A' and <= 'Z', >= 'A' and <= 'Z', >= 'a' and <= 'z', ..]) name = name[..1] + char.ToLowerInvariant(name[1]) + name[2..];
        return System.Text.Json.JsonNamingPolicy.KebabCaseLower.ConvertName(name);
    }

    private static bool IsNullableText(PropertyInfo property) =>
        new NullabilityInfoContext().Create(property).ReadState == NullabilityState.Nullable;
}
