namespace Distill.Chat.Jinja;

/// <summary>The global functions of a chat template.</summary>
internal static class JinjaFunctions
{
    // The limit of Jinja's own sandbox.
    private const int LongestRange = 100_000;

    private static readonly Dictionary<string, JinjaFunction> All = new List<JinjaFunction>
    {
        new("namespace", Namespace),
        new("dict", Dictionary),
        new("range", Range),
        new("raise_exception", call => throw new JinjaError($"the template refuses this conversation: {JinjaText.Of(call.Argument(0, "message"))}")),
        new("strftime_now", call => JinjaFormat.Date(call.Run.Clock.GetLocalNow(), call.Text(0, "format"))),
    }.ToDictionary(function => function.Name, StringComparer.Ordinal);

    /// <summary>The function of that name, or null.</summary>
    public static JinjaFunction? Find(string name) => All.GetValueOrDefault(name);

    private static JinjaNamespace Namespace(JinjaCall call)
    {
        var space = new JinjaNamespace();
        foreach ((object? key, object? value) in Dictionary(call).Items) space.Members[JinjaText.Of(key)] = value;
        return space;
    }

    private static JinjaDictionary Dictionary(JinjaCall call)
    {
        var dictionary = new JinjaDictionary();
        if (call.Argument(0, "") is JinjaDictionary given)
        {
            call.Run.Spend(given.Count);
            foreach ((object? key, object? value) in given.Items) dictionary.Set(key, value);
        }
        foreach ((string name, object? value) in call.Named) dictionary.Set(name, value);
        return dictionary;
    }

    private static JinjaList Range(JinjaCall call)
    {
        bool bounded = call.Positional.Count > 1;
        long start = bounded ? call.Integer(0, "start") : 0, stop = call.Integer(bounded ? 1 : 0, "stop"), step = call.Integer(2, "step", 1);
        if (step == 0) throw new JinjaError("range cannot have step 0");
        long count = Math.Max(0, step > 0 ? (stop - start + step - 1) / step : (start - stop - step - 1) / -step);
        if (count > LongestRange) throw new JinjaError($"range is longer than {LongestRange}");
        call.Run.Spend(count);
        return new JinjaList([.. Enumerable.Range(0, (int)count).Select(i => (object?)(start + i * step))]);
    }
}
