using System;
using System.IO;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

/// <summary>
/// Marks an assembly as not to be optimized by the just-in-time compiler, in place: the value of its DebuggableAttribute (a blob of ECMA-335, II.23.3) becomes that of a
/// debug build. Then every argument and local of its methods lives until the method returns.
/// </summary>
public class KeepArgumentsAlive : Task
{
    // Length, prolog, DebuggingModes as 32 bits, no named arguments.
    private static readonly byte[] Released = { 8, 1, 0, 0x02, 0x00, 0, 0, 0, 0 }; // IgnoreSymbolStoreSequencePoints
    private static readonly byte[] Debuggable = { 8, 1, 0, 0x03, 0x01, 0, 0, 0, 0 }; // and Default, DisableOptimizations

    /// <summary>The assembly to change; it is replaced by a changed copy, since it may be a link into a package folder.</summary>
    public string Assembly { get; set; }

    public override bool Execute()
    {
        byte[] bytes = File.ReadAllBytes(Assembly);
        if (Find(bytes, Debuggable, 0) >= 0) return true;
        int at = Find(bytes, Released, 0);
        if (at < 0 || Find(bytes, Released, at + 1) >= 0)
        {
            Log.LogError("{0}: its DebuggableAttribute is not where it was; see build/KeepArgumentsAlive.cs", Assembly);
            return false;
        }
        Debuggable.CopyTo(bytes, at);
        string changed = Assembly + ".changed";
        File.WriteAllBytes(changed, bytes);
        File.SetLastWriteTimeUtc(changed, File.GetLastWriteTimeUtc(Assembly)); // the next build finds it up to date
        File.Delete(Assembly);
        File.Move(changed, Assembly);
        Log.LogMessage(MessageImportance.Normal, "{0}: arguments live until a method returns", Assembly);
        return true;
    }

    private static int Find(byte[] bytes, byte[] sought, int start)
    {
        for (int i = start; i <= bytes.Length - sought.Length; i++)
        {
            int k = 0;
            while (k < sought.Length && bytes[i + k] == sought[k]) k++;
            if (k == sought.Length) return i;
        }
        return -1;
    }
}
