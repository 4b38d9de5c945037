using System.Reflection;
using System.Text.Json;

namespace Distill.Runs;

/// <summary>One option of a stage: a property of its options record that carries an <see cref="OptionAttribute"/>.</summary>
public sealed class StageOption
{
    private readonly OptionAttribute _attribute;

    internal StageOption(PropertyInfo property, OptionAttribute attribute, object? defaultValue)
    {
        _attribute = attribute;
        Property = property;
        Default = defaultValue;
        Key = JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name);
        Conversion = OptionConversion.For(property);
    }

    /// <summary>Name in a pipeline file and in manifests, e.g. <c>max_steps</c>.</summary>
    public string Key { get; }

    /// <summary>Name on the command line, e.g. <c>--max-steps</c>.</summary>
    public string Flag => "--" + Key.Replace('_', '-');

    /// <summary>One line for <c>--help</c>.</summary>
    public string Description => _attribute.Description;

    /// <summary>Whether it must be given.</summary>
    public bool Required => _attribute.Required;

    /// <summary>Whether the value is a path.</summary>
    public bool IsPath => _attribute.IsPath;

    /// <summary>Whether the value of a path may be the name of something built in instead.</summary>
    public bool MayBeName => _attribute.MayBeName;

    /// <summary>Whether the value may also stand on the command line by itself, without the flag.</summary>
    public bool IsArgument => _attribute.IsArgument;

    /// <summary>Whether the result is the same whatever its value.</summary>
    public bool DoesNotChangeResult => _attribute.DoesNotChangeResult;

    /// <summary>Whether the values are free text (paths among them), not numbers or words of a closed set.</summary>
    public bool IsText => Conversion.IsText;

    /// <summary>Whether it takes several values.</summary>
    public bool IsList => Conversion.IsList;

    /// <summary>Whether it is yes or no, so that the bare flag means yes.</summary>
    public bool IsSwitch => Conversion.IsSwitch;

    /// <summary>The closed set of accepted words; empty when any value of the type will do.</summary>
    public IReadOnlyList<string> AcceptedValues => Conversion.AcceptedValues;

    /// <summary>What stands for the value in help, e.g. <c>PATH</c>, <c>N</c> or <c>cpu|cuda</c>.</summary>
    public string ValueName => IsPath ? "PATH" : Conversion.ValueName;

    /// <summary>The value when nothing is given.</summary>
    public object? Default { get; }

    /// <summary>The default as help and plans show it; empty when there is none.</summary>
    public string DefaultText => Format(Default);

    internal PropertyInfo Property { get; }

    internal OptionConversion Conversion { get; }

    /// <summary>The texts that would give the default if a user wrote them; none when it is empty.</summary>
    public IReadOnlyList<string> DefaultTexts => Default switch
    {
        null or "" => [],
        string text => [text],
        System.Collections.IEnumerable items => [.. items.Cast<object>().Select(OptionConversion.Format)],
        _ => [OptionConversion.Format(Default)],
    };

    /// <summary>The value this option has in <paramref name="options"/>, as a user would write it; lists are joined by commas.</summary>
    public string TextIn(object options) => Format(Property.GetValue(options));

    internal string Example(bool asFlag) => (asFlag, IsSwitch) switch
    {
        (true, true) => Flag,
        (true, false) => $"{Flag} {ValueName}",
        _ => $"{Key}: {ValueName}",
    };

    private static string Format(object? value) => value switch
    {
        null => "",
        string text => text,
        System.Collections.IEnumerable items => string.Join(",", items.Cast<object>().Select(OptionConversion.Format)),
        _ => OptionConversion.Format(value),
    };
}
