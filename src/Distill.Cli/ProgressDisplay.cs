using System.Text;
using Distill.Runs;
using Spectre.Console;

namespace Distill.Cli;

/// <summary>
/// Shows readings on standard error: one live line on a terminal, a plain line every few seconds where the stream goes to a file.
/// Safe for readings from several threads.
/// </summary>
internal sealed class ProgressDisplay : IProgress<ProgressEvent>, IDisposable
{
    private const int BarWidth = 20;
    private static readonly TimeSpan LiveEvery = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan PlainEvery = TimeSpan.FromSeconds(5);

    private readonly Terminal _terminal;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private RateMeter _meter;
    private ProgressEvent? _latest;
    private bool _changed;
    private int _liveLines;
    private string _prefix = "";

    public ProgressDisplay(Terminal terminal, TimeProvider time)
    {
        _terminal = terminal;
        _time = time;
        _meter = new RateMeter(time);
        TimeSpan every = terminal.ErrorIsTerminal ? LiveEvery : PlainEvery;
        _timer = time.CreateTimer(_ => Draw(), null, every, every);
    }

    /// <inheritdoc/>
    public void Report(ProgressEvent value)
    {
        lock (_gate)
        {
            if (value.Line is { } line)
            {
                ClearLine();
                _terminal.Error.WriteLine("  " + PlainText.Of(line, longest: int.MaxValue));
                return;
            }
            if (_latest?.Stage != value.Stage || _latest?.Unit != value.Unit) _meter = new RateMeter(_time);
            _meter.Note(value.Completed);
            _latest = value;
            _changed = true;
        }
    }

    /// <summary>Begins another stage.</summary>
    /// <param name="prefix">Stands before its readings, e.g. <c>3/11 train</c>.</param>
    public void Begin(string prefix)
    {
        lock (_gate)
        {
            ClearLine();
            _prefix = prefix;
            _latest = null;
            _changed = false;
            if (!_terminal.ErrorIsTerminal) _terminal.Error.WriteLine(prefix);
        }
    }

    /// <summary>Replaces the live line by one that stays.</summary>
    /// <param name="mark">One sign, coloured on a terminal.</param>
    /// <param name="colour">Its colour.</param>
    /// <param name="text">The rest of the line.</param>
    public void Settle(string mark, string colour, string text)
    {
        lock (_gate)
        {
            ClearLine();
            _latest = null;
            _changed = false;
            if (_terminal.ErrorIsTerminal) _terminal.RichError.Markup($"[{colour}]{Markup.Escape(mark)}[/] ");
            else _terminal.Error.Write(mark + " ");
            _terminal.Error.WriteLine(text);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _timer.Dispose();
        lock (_gate) ClearLine();
    }

    private void Draw()
    {
        lock (_gate)
        {
            if (!_changed || _latest is not { } reading) return;
            _changed = false;
            if (_terminal.ErrorIsTerminal) DrawLive(reading);
            else _terminal.Error.WriteLine("  " + Describe(reading));
        }
    }

    private void DrawLive(ProgressEvent reading)
    {
        int width = Math.Max(40, _terminal.RichError.Profile.Width - 1);
        string bar = reading.Total > 0 ? Bar(reading.Completed / (double)reading.Total) + " " : "";
        string[] lines = [$"{bar}{(_prefix.Length > 0 ? _prefix + "  " : "")}{Describe(reading)}", .. (reading.Further ?? []).Select(line => "  " + PlainText.Of(line, longest: width))];
        var text = new StringBuilder();
        ToFirstLine(text);
        text.AppendJoin('\n', lines.Select(line => "\u001b[2K" + (line.Length > width ? line[..(width - 1)] + "…" : line)));
        text.Append("\u001b[J"); // there may have been more lines before
        _terminal.Error.Write(text);
        _terminal.Error.Flush();
        _liveLines = lines.Length;
    }

    private void ToFirstLine(StringBuilder text)
    {
        if (_liveLines > 1) text.Append($"\u001b[{_liveLines - 1}A");
        text.Append('\r');
    }

    private string Describe(ProgressEvent reading)
    {
        var text = new StringBuilder(reading.Stage).Append(": ").Append(reading.Completed.ToString("N0"));
        if (reading.Total > 0) text.Append('/').Append(reading.Total.ToString("N0"));
        text.Append(' ').Append(reading.Unit);
        if (_meter.PerSecond is { } rate) text.Append(", ").Append(DurationText.Rate(rate));
        if (reading.Further is null && _meter.Left(reading.Completed, reading.Total) is { } left) text.Append(", ").Append(DurationText.Of(left)).Append(" left");
        if (!string.IsNullOrEmpty(reading.Detail)) text.Append("  ").Append(reading.Detail);
        return text.ToString();
    }

    private void ClearLine()
    {
        if (_liveLines == 0) return;
        var text = new StringBuilder();
        ToFirstLine(text);
        _terminal.Error.Write(text.Append("\u001b[J"));
        _terminal.Error.Flush();
        _liveLines = 0;
    }

    private static string Bar(double share)
    {
        int full = (int)Math.Round(Math.Clamp(share, 0, 1) * BarWidth);
        return new string('━', full) + new string('─', BarWidth - full);
    }
}
