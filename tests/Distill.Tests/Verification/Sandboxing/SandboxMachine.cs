using System.Text;
using Distill.Verification.Sandboxing;
using Xunit;

namespace Distill.Tests.Verification.Sandboxing;

/// <summary>This machine's sandbox, for tests; they are skipped where there is none.</summary>
internal static class SandboxMachine
{
    public static SandboxSupport Support
    {
        get
        {
            Assert.SkipWhen(SandboxSupport.Current.Sandbox is null, $"no sandbox on this machine: {SandboxSupport.Current.Missing}");
            return SandboxSupport.Current;
        }
    }

    /// <summary>Runs a Python program.</summary>
    public static SandboxResult Run(string program, SandboxLimits? limits = null, string input = "") => Support.Sandbox!.Run(new SandboxTask
    {
        Command = Support.Python!.Command("/job/main.py"),
        ReadOnlyFolders = Support.Python.Folders,
        Files = [("main.py", Encoding.UTF8.GetBytes(program))],
        Input = Encoding.UTF8.GetBytes(input),
    }, limits ?? new SandboxLimits());
}
