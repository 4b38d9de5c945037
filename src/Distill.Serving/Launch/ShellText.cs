using System.Buffers;

namespace Distill.Serving;

/// <summary>Words for scripts of bash.</summary>
internal static class ShellText
{
    private static readonly SearchValues<char> Plain = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_@%+=:,./-");

    /// <summary>A word that bash takes for exactly this text, whatever it holds.</summary>
    public static string Quote(string text) => text.Length > 0 && text.AsSpan().IndexOfAnyExcept(Plain) < 0 ? text : "'" + text.Replace("'", "'\\''", StringComparison.Ordinal) + "'";
}
