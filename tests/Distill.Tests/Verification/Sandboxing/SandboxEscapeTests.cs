using System.Runtime.InteropServices;
using Distill.Verification.Sandboxing;
using Xunit;

namespace Distill.Tests.Verification.Sandboxing;

/// <summary>Nothing that a program tries gets it out of the sandbox. Run as root, these show that root's privileges stay outside.</summary>
public sealed class SandboxEscapeTests : IDisposable
{
    private const string SecretName = "DISTILL_TEST_SECRET", Secret = "s3cr3t-of-the-tests";
    private readonly TemporaryFolder _outside = new();

    public static TheoryData<string> Escapes => [.. SandboxAttempts.Escapes.Keys];

    public static TheoryData<string> Fatal => [.. SandboxAttempts.Fatal.Keys];

    public SandboxEscapeTests() => Environment.SetEnvironmentVariable(SecretName, Secret);

    public void Dispose()
    {
        Environment.SetEnvironmentVariable(SecretName, null);
        _outside.Dispose();
    }

    [Theory]
    [MemberData(nameof(Escapes))]
    public void AProgramDoesNotGetOut(string attempt)
    {
        Assert.SkipWhen(RuntimeInformation.ProcessArchitecture != Architecture.X64 && SandboxAttempts.Escapes[attempt].Contains("call("), "the numbers of the calls are x64's");
        string canary = _outside["canary"];
        File.WriteAllText(canary, "outside");
        // The program's own text must not hold the secret that it looks for.
        string halves = $"'{Secret[..9]}' + '{Secret[9..]}'";
        string program = SandboxAttempts.Escapes[attempt].Replace("CANARY", canary).Replace("b\"SECRET\"[:3] + b\"SECRET\"[3:]", $"({halves}).encode()")
            .Replace("b\"SECRET\"", $"({halves}).encode()").Replace("\"SECRET\"", $"({halves})").Replace("HOST", Environment.ProcessId.ToString());

        SandboxResult result = SandboxMachine.Run(program + "\nprint('lived')");

        Assert.Equal(SandboxEnd.Exited, result.End);
        Assert.Equal("lived\n", result.OutputText);
        Assert.Equal("outside", File.ReadAllText(canary));
    }

    [Theory]
    [MemberData(nameof(Fatal))]
    public void AProgramThatEntersTheKernelByAnotherDoorDies(string attempt)
    {
        Assert.SkipWhen(RuntimeInformation.ProcessArchitecture != Architecture.X64, "doors of x64");

        SandboxResult result = SandboxMachine.Run(SandboxAttempts.Fatal[attempt]);

        Assert.Equal(SandboxEnd.Exited, result.End);
        Assert.Equal(128 + 31, result.ExitCode); // SIGSYS
        Assert.Equal("", result.OutputText);
    }

    [Fact]
    public void NobodyInsideIsRoot() => Assert.NotEqual("0", SandboxMachine.Run("import os\nprint(os.getuid())").OutputText.Trim());

    [Fact]
    public void AProgramReadsItsInputAndWritesItsOutput()
    {
        SandboxResult result = SandboxMachine.Run("import sys\ndata = sys.stdin.buffer.read()\nprint(len(data), open('/dev/null').read() == '')\nsys.stderr.write('said')\nsys.exit(3)",
            input: new string('x', 300_000));

        Assert.Equal((SandboxEnd.Exited, 3, "300000 True\n", "said"), (result.End, result.ExitCode, result.OutputText, result.ErrorText));
    }
}
