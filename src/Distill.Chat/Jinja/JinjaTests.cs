namespace Distill.Chat.Jinja;

/// <summary>The tests of <c>is</c>.</summary>
internal static class JinjaTests
{
    private static readonly Dictionary<string, Func<object?, JinjaCall, bool>> All = new(StringComparer.Ordinal)
    {
        ["defined"] = (value, _) => value is not JinjaUndefined,
        ["undefined"] = (value, _) => value is JinjaUndefined,
        ["none"] = (value, _) => value is null,
        ["string"] = (value, _) => value is string,
        ["number"] = (value, _) => value is long or double or bool,
        ["integer"] = (value, _) => value is long,
        ["float"] = (value, _) => value is double,
        ["boolean"] = (value, _) => value is bool,
        ["true"] = (value, _) => value is true,
        ["false"] = (value, _) => value is false,
        ["mapping"] = (value, _) => value is JinjaDictionary,
        ["sequence"] = (value, _) => value is JinjaList or string or JinjaDictionary or JinjaUndefined,
        ["iterable"] = (value, _) => value is JinjaList or string or JinjaDictionary or JinjaUndefined,
        ["callable"] = (value, _) => value is JinjaFunction,
        ["sameas"] = (value, call) => IsSame(value, call.Argument(0, "other")),
        ["in"] = (value, call) => JinjaValues.Contains(call.Argument(0, "seq"), value),
        ["odd"] = (value, _) => Remainder(value, 2) == 1,
        ["even"] = (value, _) => Remainder(value, 2) == 0,
        ["divisibleby"] = (value, call) => Remainder(value, call.Integer(0, "num")) == 0,
        ["lower"] = (value, _) => JinjaText.Of(value) is var text && text.Any(char.IsLower) && !text.Any(char.IsUpper),
        ["upper"] = (value, _) => JinjaText.Of(value) is var text && text.Any(char.IsUpper) && !text.Any(char.IsLower),
        ["eq"] = (value, call) => JinjaValues.AreEqual(value, call.Argument(0, "other")),
        ["ne"] = (value, call) => !JinjaValues.AreEqual(value, call.Argument(0, "other")),
        ["lt"] = (value, call) => JinjaValues.Compare(value, call.Argument(0, "other")) < 0,
        ["le"] = (value, call) => JinjaValues.Compare(value, call.Argument(0, "other")) <= 0,
        ["gt"] = (value, call) => JinjaValues.Compare(value, call.Argument(0, "other")) > 0,
        ["ge"] = (value, call) => JinjaValues.Compare(value, call.Argument(0, "other")) >= 0,
    };

    private static readonly Dictionary<string, string> OtherNames = new(StringComparer.Ordinal)
    {
        ["equalto"] = "eq", ["=="] = "eq", ["!="] = "ne", ["lessthan"] = "lt", ["<"] = "lt", ["<="] = "le",
        ["greaterthan"] = "gt", [">"] = "gt", [">="] = "ge",
    };

    /// <summary>The test of that name, or null.</summary>
    public static Func<object?, JinjaCall, bool>? Find(string name) => All.GetValueOrDefault(OtherNames.GetValueOrDefault(name, name));

    private static long Remainder(object? value, long divisor)
    {
        if (divisor == 0) throw new JinjaError("division by zero");
        long number = JinjaValues.ToInteger(value) ?? throw new JinjaError($"{JinjaValues.TypeName(value)} is not a whole number");
        return Math.Abs(number % divisor);
    }

    // Python compares identity; for these values that is equality of type and content.
    private static bool IsSame(object? left, object? right) => (left, right) switch
    {
        (null, null) => true,
        (bool a, bool b) => a == b,
        (long a, long b) => a == b,
        (double a, double b) => a == b,
        (string a, string b) => string.Equals(a, b, StringComparison.Ordinal),
        _ => ReferenceEquals(left, right),
    };
}
