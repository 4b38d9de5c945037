using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Distill.Verification.Sandboxing;

namespace Distill.Verification.Code;

/// <summary>
/// Runs Python programs against assertions and calls by <c>driver.py</c>: program and tests are in two processes of one sandbox, so the
/// program cannot see the tests, print what they print, or end them early.
/// </summary>
internal sealed class DriverTests(Sandbox sandbox, PythonInterpreter python)
{
    private const double MostSeconds = 300;

    // A program that computed for most of its time was slow by itself, whatever else the machine did.
    private const double BusyShare = 0.8;

    private static readonly byte[] Driver = ReadDriver();

    /// <summary>Runs all tests in one sandbox, up to the first that fails.</summary>
    /// <param name="before">Python that runs before the program where it can: imports, the prompt's beginning.</param>
    /// <param name="program">The program.</param>
    /// <param name="tests">The tests.</param>
    /// <param name="cancellation">Ends the run.</param>
    public CodeReport Run(IReadOnlyList<string> before, string program, CodeTests tests, CancellationToken cancellation)
    {
        string nonce = RandomNumberGenerator.GetHexString(32, lowercase: true);
        TimeSpan together = TimeSpan.FromSeconds(Math.Min(((tests.TimeLimit.TotalSeconds + 1) * tests.Count) + 5, MostSeconds)); // LiveCodeBench's sum
        SandboxResult result = sandbox.Run(new SandboxTask
        {
            Command = python.Command("/job/driver.py"),
            ReadOnlyFolders = python.Folders,
            Files = [("driver.py", Driver)],
            Input = Input(before, program, tests, nonce),
            Secretive = true,
        }, new SandboxLimits { CpuTime = together, MemoryBytes = tests.MemoryLimit }, cancellation);
        return result.End switch
        {
            SandboxEnd.SandboxFailed => new CodeReport(TestEnd.SandboxError, Detail: result.ErrorText.Trim()),
            SandboxEnd.CpuLimit => new CodeReport(TestEnd.TimeLimit),
            SandboxEnd.ClockLimit => new CodeReport(TestEnd.TimeLimit) { ByClock = true },
            SandboxEnd.MemoryLimit => new CodeReport(TestEnd.MemoryLimit),
            SandboxEnd.OutputLimit => new CodeReport(TestEnd.OutputLimit),
            _ => ReportOf(result, nonce, tests.TimeLimit.TotalSeconds),
        };
    }

    private static byte[] Input(IReadOnlyList<string> before, string program, CodeTests tests, string nonce)
    {
        var source = new JsonObject { ["before"] = new JsonArray([.. before.Select(part => JsonValue.Create(part))]), ["program"] = program };
        byte[] code = Encoding.UTF8.GetBytes(source.ToJsonString());
        var job = new JsonObject
        {
            ["nonce"] = nonce,
            ["seconds"] = tests.TimeLimit.TotalSeconds,
            ["style"] = tests.Calls.Count > 0 ? "calls" : "asserts",
            ["entry"] = tests.EntryPoint,
            ["setup"] = tests.Setup,
            ["wrapped"] = tests.Wrapped,
            ["tests"] = tests.Calls.Count > 0
                ? new JsonArray([.. tests.Calls.Select(call => new JsonObject
                {
                    ["arguments"] = new JsonArray([.. call.Arguments.Select(argument => JsonNode.Parse(argument.GetRawText()))]),
                    ["expected"] = JsonNode.Parse(call.Expected.GetRawText()),
                })])
                : new JsonArray([.. tests.Assertions.Select(assertion => JsonValue.Create(assertion))]),
        };
        byte[] length = new byte[8];
        System.Buffers.Binary.BinaryPrimitives.WriteInt64BigEndian(length, code.Length);
        return [.. length, .. code, .. Encoding.UTF8.GetBytes(job.ToJsonString())];
    }

    private static CodeReport ReportOf(SandboxResult result, string nonce, double seconds)
    {
        string text = result.OutputText;
        if (!text.StartsWith(nonce + " ", StringComparison.Ordinal)) return new CodeReport(TestEnd.RuntimeError, Detail: LastLine(result.ErrorText) ?? $"exit code {result.ExitCode.ToString(CultureInfo.InvariantCulture)}");
        using JsonDocument report = JsonDocument.Parse(text[(nonce.Length + 1)..]);
        JsonElement root = report.RootElement;
        string? detail = root.TryGetProperty("detail", out JsonElement said) ? said.GetString() : null;
        return new CodeReport(Enum.Parse<TestEnd>(root.GetProperty("end").GetString()!.Replace("_", ""), ignoreCase: true), root.GetProperty("passed").GetInt32(),
            string.IsNullOrWhiteSpace(detail) ? null : detail)
        {
            ByClock = root.GetProperty("cpu").GetDouble() < BusyShare * seconds,
        };
    }

    /// <summary>The last line that says something, which is where Python names the exception.</summary>
    internal static string? LastLine(string error) => error.Split('\n').LastOrDefault(line => !string.IsNullOrWhiteSpace(line))?.Trim();

    private static byte[] ReadDriver()
    {
        using Stream stream = typeof(DriverTests).Assembly.GetManifestResourceStream("driver.py")!;
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }
}
