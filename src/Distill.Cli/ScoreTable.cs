using Spectre.Console;

namespace Distill.Cli;

/// <summary>Scores with their intervals, one line each.</summary>
/// <param name="subject">What is scored, the name of the first column.</param>
internal sealed class ScoreTable(string subject)
{
    private readonly Table _table = new Table().Border(TableBorder.Simple).AddColumns(subject, "pass@1", "95% interval", "problems", "cut off", "tokens");

    public void Add(string name, double passAt1, double low, double high, int problems, int samples, double truncationRate, double meanTokens) => _table.AddRow(
        new Text(name), new Text($"{passAt1:P1}"), new Text($"{low:P1} to {high:P1}"), new Text($"{problems} x {samples}"), new Text($"{truncationRate:P1}"), new Text($"{meanTokens:0}"));

    public void Write(IAnsiConsole console)
    {
        foreach (TableColumn column in _table.Columns.Skip(1)) column.RightAligned();
        console.Write(_table);
    }
}
