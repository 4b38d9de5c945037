namespace Distill.Chat.Jinja;

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
