using System.Diagnostics;
using Distill.Tests;

namespace Distill.Benchmarks;

/// <summary>
/// How long the program takes before it does anything: its help, and a finished pipeline that is run again, against a .NET program that
/// ends at once. The best of several, in turn.
/// </summary>
internal sealed class StartSpeed : IMeasurement
{
    private const int Rounds = 9;

    public string Name => "start";

    public string Summary => "help, and a finished run skipped, against a .NET program that does nothing";

    public Task RunAsync(string[] arguments)
    {
        if (arguments is ["nothing"]) return Task.CompletedTask;
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["p.yaml"], "name: start\nstages:\n  - prompts: { id: problems, basic: 20 }\n  - teacher-gen: { id: worked, prompts: $problems, teacher: worked }\n  - curate: { id: data, traces: $worked }\n");
        string program = Path.Combine(Root, "src", "Distill.Cli", "bin", "Release", "net10.0", "distill.dll");
        string[] skipped = [program, "run", "p.yaml"];
        Seconds(folder.Path, skipped);
        double nothing = double.PositiveInfinity, help = nothing, again = nothing;
        for (int round = 0; round < Rounds; round++)
        {
            nothing = Math.Min(nothing, Seconds(folder.Path, [typeof(StartSpeed).Assembly.Location, "start", "nothing"]));
            help = Math.Min(help, Seconds(folder.Path, [program, "train", "--help"]));
            again = Math.Min(again, Seconds(folder.Path, skipped));
        }
        Console.WriteLine($"a .NET program that does nothing {nothing:0.00} s; help {help:0.00} s ({help / nothing:0.0} of it); a finished run of three stages {again:0.00} s ({again / nothing:0.0} of it)");
        return Task.CompletedTask;
    }

    private static string Root
    {
        get
        {
            DirectoryInfo folder = new(AppContext.BaseDirectory);
            while (!File.Exists(Path.Combine(folder.FullName, "Distill.sln"))) folder = folder.Parent ?? throw new InvalidOperationException("measured from a clone");
            return folder.FullName;
        }
    }

    private static double Seconds(string folder, string[] line)
    {
        long start = Stopwatch.GetTimestamp();
        using Process process = Process.Start(new ProcessStartInfo("dotnet", line) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        process.WaitForExit();
        Task.WaitAll(output, error);
        if (process.ExitCode != 0) throw new InvalidOperationException(error.Result);
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
