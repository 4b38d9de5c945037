using System.Diagnostics;
using System.IO.Compression;
using System.Text.Json;
using Distill.Chat;
using Distill.Prompts;
using Distill.Verification;
using Distill.Verification.Code;
using Distill.Verification.Sandboxing;

namespace Distill.Benchmarks;

/// <summary>
/// The reference solutions of HumanEval, verified in the sandbox on every processor, against the same programs with their tests run bare, one
/// Python process each: what isolation costs. The argument is the path of <c>HumanEval.jsonl.gz</c>.
/// </summary>
internal sealed class SandboxSpeed : IMeasurement
{
    private const int Rounds = 3;

    public string Name => "sandbox";

    public string Summary => "HumanEval solutions per second in the sandbox, against the same programs run bare";

    public async Task RunAsync(string[] arguments)
    {
        JsonElement[] rows = await ReadAsync(arguments[0]);
        if (SandboxSupport.Current is not { Sandbox: not null, Python: { } python })
        {
            Console.Error.WriteLine($"no sandbox here: {SandboxSupport.Current.Missing}");
            return;
        }
        double bare = Best(rows, row => RunBare(python.Path, row));
        double sandboxed = Best(rows, row => new CodeVerifier().Verify(Prompt.FromUser("", null) with { Tests = row.GetRawText() }, Solution(row)).Outcome == Outcome.Correct);
        Console.WriteLine($"{rows.Length} solutions, {Environment.ProcessorCount} processors, best of {Rounds}");
        Console.WriteLine($"bare:    {bare,7:0.0} solutions/s");
        Console.WriteLine($"sandbox: {sandboxed,7:0.0} solutions/s ({sandboxed / bare:0.00} of bare)");
    }

    private static double Best(JsonElement[] rows, Func<JsonElement, bool> passes)
    {
        double best = 0;
        for (int round = 0; round < Rounds; round++)
        {
            long start = Stopwatch.GetTimestamp();
            int passed = 0;
            Parallel.ForEach(rows, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, row => Interlocked.Add(ref passed, passes(row) ? 1 : 0));
            if (passed != rows.Length) throw new InvalidOperationException($"{rows.Length - passed} solutions did not pass");
            best = Math.Max(best, rows.Length / Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        return best;
    }

    private static bool RunBare(string python, JsonElement row)
    {
        string program = Text(row, "prompt") + Text(row, "canonical_solution") + "\n" + Text(row, "test") + $"\ncheck({Text(row, "entry_point")})\n";
        using Process process = Process.Start(new ProcessStartInfo(python, ["-I", "-S", "-c", program]))!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }

    private static Completion Solution(JsonElement row)
    {
        string answer = $"```python\n{Text(row, "prompt")}{Text(row, "canonical_solution")}\n```";
        return new Completion { RawText = answer, Reasoning = "", Answer = answer, FinishReason = FinishReason.Stop, PromptTokens = 0, CompletionTokens = 0 };
    }

    private static string Text(JsonElement row, string name) => row.GetProperty(name).GetString()!;

    private static async Task<JsonElement[]> ReadAsync(string path)
    {
        using var reader = new StreamReader(new GZipStream(File.OpenRead(path), CompressionMode.Decompress));
        return [.. (await reader.ReadToEndAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
    }
}
