using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Distill.Runs;

/// <summary>
/// The events of one YAML document, for readers that go through it one by one: every value keeps its line, and nothing in the file can
/// name a type. What the scanner finds wrong is an <see cref="InputException"/> that names line and column; whatever else is thrown
/// while reading is a mistake of the reader's own, and stays one.
/// </summary>
public sealed class YamlEvents : IParser
{
    private readonly string _path, _hint;
    private readonly int _linesBefore;
    private readonly string? _plain;
    private readonly Parser _parser;

    private YamlEvents(string path, string text, string hint, string? plain, int linesBefore) =>
        (_path, _hint, _plain, _linesBefore, _parser) = (path, hint, plain, linesBefore, new Parser(new StringReader(text)));

    /// <summary>Opens a document and goes to its first node, or to the end when it is empty.</summary>
    /// <param name="path">The file, for messages.</param>
    /// <param name="text">The YAML.</param>
    /// <param name="hint">How to mend what is no YAML.</param>
    /// <param name="plain">What such files are called (<c>pipelines</c>) if anchors and aliases, by which a file can grow beyond itself, are refused in them; null: they are passed on.</param>
    /// <param name="linesBefore">Lines of the file before the YAML.</param>
    /// <exception cref="InputException">It is no YAML.</exception>
    public static YamlEvents Open(string path, string text, string hint, string? plain = null, int linesBefore = 0)
    {
        var events = new YamlEvents(path, text, hint, plain, linesBefore);
        events.MoveNext();
        while (events.Current is StreamStart or DocumentStart) events.MoveNext();
        return events;
    }

    /// <inheritdoc/>
    public ParsingEvent? Current => _parser.Current;

    /// <summary>Line of the file that the current event is on, from 1.</summary>
    public int Line => LineOf(Current?.Start);

    /// <summary>Where the current event is: <c>file:line</c>.</summary>
    public string Place => string.Create(CultureInfo.InvariantCulture, $"{_path}:{Line}");

    /// <summary>Goes to the next event.</summary>
    /// <returns>Whether there is one.</returns>
    /// <exception cref="InputException">What follows is no YAML, or an anchor or alias where none may be.</exception>
    public bool MoveNext()
    {
        bool more = Advance();
        if (_plain is not null && Current is AnchorAlias or NodeEvent { Anchor.IsEmpty: false })
            throw new InputException($"{Place}: anchors and aliases are not used in {_plain}", "write the value out");
        return more;
    }

    private bool Advance()
    {
        try
        {
            return _parser.MoveNext();
        }
        catch (YamlException e)
        {
            throw Invalid(e.Start, $": {e.Message.ReplaceLineEndings(" ").TrimEnd('.')}", e);
        }
        catch (InvalidOperationException e) // what the scanner throws at some unclosed lists
        {
            throw Invalid(Current?.End, " after this place", e);
        }
    }

    private InputException Invalid(Mark? mark, string what, Exception inner) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{_path}:{LineOf(mark)}:{Math.Max(1, mark?.Column ?? 1)}: is not valid YAML{what}"), _hint, inner: inner);

    private int LineOf(Mark? mark) => _linesBefore + (int)Math.Max(1, mark?.Line ?? 1);
}
