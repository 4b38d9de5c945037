using System.Text;
using Spectre.Console;

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

    /// <summary>Standard output with colours and tables; made when first used, since that costs start-up time.</summary>
    public IAnsiConsole Rich => _out.Value;

    /// <summary>Standard error with colours.</summary>
    public IAnsiConsole RichError => _error.Value;

    public static Terminal Open()
    {
        if (OperatingSystem.IsWindows()) Console.OutputEncoding = Encoding.UTF8;
        return new Terminal();
    }

    private static IAnsiConsole Create(TextWriter writer, bool isTerminal)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(writer), Ansi = isTerminal ? AnsiSupport.Detect : AnsiSupport.No });
        if (!isTerminal) console.Profile.Width = RedirectedWidth;
        return console;
    }
}
