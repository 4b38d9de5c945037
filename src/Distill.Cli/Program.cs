using System.CommandLine;
using Distill.Cli;

Terminal terminal = Terminal.Open();
var errors = new ErrorDisplay(terminal);
try
{
    ParseResult parsed = CommandTree.Create(terminal, TimeProvider.System).Parse(args.Length == 0 ? ["--help"] : args);
    if (ParseProblems.Show(parsed, errors)) return ExitCode.UserError;
    using var interruption = new Interruption(terminal);
    using IDisposable? telemetry = Telemetry.Start();
    var invocation = new InvocationConfiguration
    {
        EnableDefaultExceptionHandler = false,
        ProcessTerminationTimeout = null, // Interruption decides
        Output = terminal.Output,
        Error = terminal.Error,
    };
    return await parsed.InvokeAsync(invocation, interruption.Token);
}
catch (Exception failure)
{
    return errors.Show(failure);
}
