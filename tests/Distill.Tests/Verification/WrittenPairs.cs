using System.Reflection;

namespace Distill.Tests.Verification;

/// <summary>
/// Pairs written by hand, kind by kind, before the verifier was asked about them; each file was judged once at first sight, then mended for. A line
/// begins with its meaning: <c>@</c> kind, <c>=</c> reference answer, <c>+</c> a completion that gives it, <c>-</c> one that does not. ⏎ is a new line.
/// </summary>
internal static class WrittenPairs
{
    public static void AddTo(PairList list)
    {
        Assembly assembly = typeof(WrittenPairs).Assembly;
        foreach (string name in assembly.GetManifestResourceNames().Where(name => name.EndsWith(".pairs", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
            Read(reader, name, list);
        }
    }

    private static void Read(StreamReader reader, string name, PairList list)
    {
        string kind = "", gold = "";
        for (int number = 1; reader.ReadLine() is { } line; number++)
        {
            if (line.Length == 0) continue;
            string text = line.Length > 2 ? line[2..].Replace('⏎', '\n') : "";
            switch (line[0])
            {
                case '@': kind = text; break;
                case '=': gold = text; break;
                case '+': list.Right(kind, gold, text); break;
                case '-': list.Wrong(kind, gold, text); break;
                default: throw new InvalidDataException($"{name}:{number}: {line}");
            }
        }
    }
}
