using System.Text;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Distill.Cli;

/// <summary>
/// The process's streams: results go to standard output, progress and errors to standard error, so that output can be piped.
/// The only place that touches the console.
/// </summary>
#pragma warning disable RS0030 // this is the one door to the console
internal sealed class Terminal
{
    // A redirected stream has no width; wide enough that tables do not wrap.
    private const int RedirectedWidth = 160;

    private readonly Lazy<IAnsiConsole> _out;
    private readonly Lazy<IAnsiConsole> _error;

    private Terminal()
    {
        Output = Console.Out;
        Error = Console.Error;
        Input = Console.In;
        OutputIsTerminal = !Console.IsOutputRedirected;
        ErrorIsTerminal = !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") != "dumb";
        InputIsTerminal = !Console.IsInputRedirected;
        _out = new(() => Create(Output, OutputIsTerminal));
        _error = new(() => Create(Error, ErrorIsTerminal));
    }

    /// <summary>Standard output as plain text.</summary>
    public TextWriter Output { get; }

    /// <summary>Standard error as plain text.</summary>
    public TextWriter Error { get; }

    public TextReader Input { get; }

    public bool OutputIsTerminal { get; }

    public bool ErrorIsTerminal { get; }

    public bool InputIsTerminal { get; }

    /// <summary>Standard input as bytes, for data.</summary>
    public static Stream OpenInput() => Console.OpenStandardInput();

    /// <summary>Standard output as bytes, for data.</summary>
    public static Stream OpenOutput() => Console.OpenStandardOutput();

    /// <summary>Standard output with colours and tables; made when first used, since that costs start-up time.</summary>
    public IAnsiConsole Rich => _out.Value;

    /// <summary>Standard error with colours.</summary>
    public IAnsiConsole RichError => _error.Value;

    /// <summary>Writes a line to standard output that stands above others.</summary>
    public void Title(string text)
    {
        WriteStyled(text, new Style(decoration: Decoration.Bold));
        Output.WriteLine();
    }

    /// <summary>Writes text to standard output, in colour on a terminal.</summary>
    public void Write(string text, string colour) => WriteStyled(text, Style.Parse($"bold {colour}"));

    /// <summary>Writes columns of text to standard output. Lines are never broken or filled up, so that they can be copied and searched.</summary>
    /// <param name="heads">Names of the columns and whether they are flush right; null for a list whose first column names the second.</param>
    /// <param name="rows">The rows, each with a cell for every column.</param>
    public void Table(IReadOnlyList<(string Name, bool Right)>? heads, IReadOnlyList<string[]> rows)
    {
        int columns = heads?.Count ?? (rows.Count > 0 ? rows[0].Length : 0);
        int[] widths = [.. Enumerable.Range(0, columns).Select(column => rows.Select(row => Width(row[column])).Append(heads is null ? 0 : Width(heads[column].Name)).Max())];
        if (heads is not null) Line([.. heads.Select(head => head.Name)], isHead: true);
        foreach (string[] row in rows) Line(row, isHead: false);

        void Line(string[] cells, bool isHead)
        {
            var dim = new Style(decoration: Decoration.Dim);
            for (int column = 0; column < columns; column++)
            {
                string fill = new(' ', widths[column] - Width(cells[column]));
                if (heads?[column].Right == true) Output.Write(fill);
                WriteStyled(cells[column], isHead || (heads is null && column == 0 && columns > 1) ? dim : Style.Plain);
                if (column == columns - 1) break;
                if (heads?[column].Right != true) Output.Write(fill);
                Output.Write("  ");
            }
            Output.WriteLine();
        }
    }

    public static Terminal Open()
    {
        if (OperatingSystem.IsWindows()) Console.OutputEncoding = Encoding.UTF8;
        return new Terminal();
    }

    private void WriteStyled(string text, Style style)
    {
        if (!OutputIsTerminal || style == Style.Plain) Output.Write(text);
        else Rich.Write(new Text(text, style));
    }

    // Chinese and Japanese signs take two places.
    private static int Width(string text) => new Segment(text).CellCount();

    private static IAnsiConsole Create(TextWriter writer, bool isTerminal)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(writer), Ansi = isTerminal ? AnsiSupport.Detect : AnsiSupport.No });
        if (!isTerminal) console.Profile.Width = RedirectedWidth;
        return console;
    }
}
