using System.Reflection;
using System.Text.Json.Nodes;

namespace Distill.Runs;

/// <summary>
/// The options of one stage, read off its options record once. The same set makes the flags of the command, checks the keys of
/// a pipeline file, and writes the options into manifests, so the three cannot drift apart.
/// </summary>
public sealed class OptionSet
{
    private readonly Func<object> _create;
    private readonly Dictionary<string, StageOption> _byKey;

    private OptionSet(Type record, Func<object> create)
    {
        _create = create;
        Record = record;
        object defaults = create();
        Options = [.. record.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Select(property => (Property: property, Attribute: property.GetCustomAttribute<OptionAttribute>()))
            .Where(found => found.Attribute != null)
            .OrderBy(found => Depth(found.Property.DeclaringType!)).ThenBy(found => found.Property.MetadataToken) // declaration order, what is inherited first: help reads like the record
            .Select(found => new StageOption(found.Property, found.Attribute!, found.Property.GetValue(defaults)))];
        _byKey = Options.ToDictionary(option => option.Key, StringComparer.Ordinal);
    }

    /// <summary>The options record.</summary>
    public Type Record { get; }

    /// <summary>Every option, in the order of the record, after those that it inherits.</summary>
    public IReadOnlyList<StageOption> Options { get; }

    /// <summary>The options of <typeparamref name="T"/>.</summary>
    /// <exception cref="InvalidOperationException">A property has a type that no option can have.</exception>
    public static OptionSet Of<T>()
        where T : class, new() => new(typeof(T), () => new T());

    /// <summary>The option of that name in snake_case or kebab-case, or null.</summary>
    public StageOption? Find(string key) => _byKey.GetValueOrDefault(key.Replace('-', '_'));

    /// <summary>
    /// Makes a record from defaults and the given values; a later value replaces an earlier one, so pass those of the
    /// pipeline file first and the flags after them.
    /// </summary>
    /// <param name="stage">Name of the stage, for messages.</param>
    /// <param name="place">Where the stage stands (<c>file:line</c>), or null for a command line: decides how messages speak.</param>
    /// <param name="values">What the user gave.</param>
    /// <exception cref="InputException">
    /// Unknown names, values of the wrong type or missing options: all of them in one message; or values that cannot be meant (<see cref="ICheckedOptions"/>).
    /// </exception>
    public object Bind(string stage, string? place, IEnumerable<OptionValue> values)
    {
        object options = _create();
        var given = new HashSet<StageOption>();
        var problems = new List<(string What, string? Hint)>();
        foreach (OptionValue value in values)
        {
            if (Find(value.Key) is not { } option)
            {
                problems.Add(Unknown(stage, value));
                continue;
            }
            given.Add(option);
            var (converted, problem, remedy) = option.Conversion.Convert(value.Values);
            if (problem == null) option.Property.SetValue(options, converted);
            else problems.Add(($"{value.Place}: {problem}", remedy ?? $"write `{option.Example(value.IsFlag)}`"));
        }
        StageOption[] missing = [.. Options.Where(option => option.Required && !given.Contains(option))];
        if (missing.Length > 0) problems.Add(Missing(stage, place, missing));
        if (problems.Count > 0) throw Combine(problems);
        Check(options, place);
        return options;
    }

    /// <inheritdoc cref="Bind(string, string?, IEnumerable{OptionValue})"/>
    /// <typeparam name="T">The record this set was made of.</typeparam>
    public T Bind<T>(string stage, string? place, IEnumerable<OptionValue> values) => (T)Bind(stage, place, values);

    /// <summary>Every option with the value it has in <paramref name="options"/>, for a manifest.</summary>
    public JsonObject ToJson(object options) => ToJson(Options, options);

    /// <summary>
    /// The options that decide the result, for a fingerprint: sorted by name, without those that leave the result alone and
    /// without paths, which count by the content of what they name.
    /// </summary>
    public JsonObject ToResultJson(object options) => ToJson(
        Options.Where(option => !option.DoesNotChangeResult && !option.IsPath).OrderBy(option => option.Key, StringComparer.Ordinal), options);

    private static void Check(object options, string? place)
    {
        if (options is not ICheckedOptions checkable) return;
        try
        {
            checkable.Check();
        }
        catch (InputException e) when (place != null)
        {
            throw new InputException($"{place}: {e.Message}", e.Hint, inner: e);
        }
    }

    private static int Depth(Type type) => type.BaseType is { } parent ? 1 + Depth(parent) : 0;

    private static JsonObject ToJson(IEnumerable<StageOption> chosen, object options) =>
        new(chosen.Select(option => KeyValuePair.Create(option.Key, OptionConversion.ToJson(option.Property.GetValue(options)))));

    private (string What, string? Hint) Unknown(string stage, OptionValue value)
    {
        string[] known = [.. Options.Select(option => value.IsFlag ? option.Flag : option.Key)];
        string name = value.IsFlag ? "--" + value.Key : value.Key;
        return ($"{value.Place} is unknown for stage `{stage}`", NearestName.Hint(name, known));
    }

    private static (string What, string? Hint) Missing(string stage, string? place, StageOption[] missing)
    {
        bool asFlag = place == null;
        string names = string.Join(", ", missing.Select(option => $"`{(asFlag ? option.Flag : option.Key)}`"));
        string be = missing.Length == 1 ? "is" : "are";
        string where = asFlag ? $"{stage}: {names} {be} required" : $"{place}: stage `{stage}`: {names} {be} required";
        string fix = string.Join(asFlag ? " " : "`, `", missing.Select(option => option.Example(asFlag)));
        return (where, $"add `{fix}`");
    }

    private static InputException Combine(List<(string What, string? Hint)> problems) => new(
        string.Join('\n', problems.Select(problem => problem.What)),
        string.Join("; ", problems.Select(problem => problem.Hint).OfType<string>().Distinct()));
}
