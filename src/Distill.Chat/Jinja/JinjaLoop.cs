namespace Distill.Chat.Jinja;

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
