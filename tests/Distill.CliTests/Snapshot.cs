using System.Runtime.CompilerServices;
using Xunit;

namespace Distill.CliTests;

/// <summary>
/// Compares a text with its reviewed copy in <c>Expectations/</c>. A text that differs is written beside it as
/// <c>*.received.txt</c>; renaming that to <c>*.verified.txt</c> accepts it.
/// </summary>
internal static class Snapshot
{
    public static void Match(string name, string text, string folder, [CallerFilePath] string source = "")
    {
        string expectations = Path.Combine(Path.GetDirectoryName(source)!, "Expectations");
        if (!Directory.Exists(expectations)) expectations = Path.Combine(CliProcess.Root, "tests", "Distill.CliTests", "Expectations"); // deterministic builds hide the path
        string verified = Path.Combine(expectations, name + ".verified.txt"), received = Path.Combine(expectations, name + ".received.txt");
        string actual = text.Replace(folder, "<folder>").Replace(CliProcess.Root, "<root>").ReplaceLineEndings("\n");
        string expected = File.Exists(verified) ? File.ReadAllText(verified).ReplaceLineEndings("\n") : "";
        if (actual == expected)
        {
            File.Delete(received);
            return;
        }
        File.WriteAllText(received, actual);
        Assert.Fail($"{name} differs from its snapshot.\n--- expected\n{expected}\n--- received ({received})\n{actual}");
    }
}
