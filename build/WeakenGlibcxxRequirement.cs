using System;
using System.IO;
using System.Text;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

/// <summary>
/// Marks a shared library's requirement of one libstdc++ symbol version as weak, so that systems without it load it.
/// Layout: ELF specification, "Symbol Versioning" (sections of type SHT_GNU_verneed).
/// </summary>
public class WeakenGlibcxxRequirement : Task
{
    private const string Version = "GLIBCXX_3.4.32";
    private const uint SectionTypeVersionNeeds = 0x6ffffffe;
    private const ushort WeakFlag = 0x2;

    /// <summary>The library to change; it is replaced by a changed copy, since it may be a link into a package folder.</summary>
    public string Library { get; set; }

    public override bool Execute()
    {
        byte[] elf = File.ReadAllBytes(Library);
        if (!MarkWeak(elf)) return true;
        string changed = Library + ".weak";
        File.WriteAllBytes(changed, elf);
        File.Delete(Library);
        File.Move(changed, Library);
        Log.LogMessage(MessageImportance.Normal, "{0}: {1} is now a weak requirement", Library, Version);
        return true;
    }

    private static bool MarkWeak(byte[] elf)
    {
        long sectionTable = BitConverter.ToInt64(elf, 0x28);
        int sectionSize = BitConverter.ToUInt16(elf, 0x3A), sections = BitConverter.ToUInt16(elf, 0x3C);
        bool changed = false;
        for (int s = 0; s < sections; s++)
        {
            int header = (int)(sectionTable + (long)s * sectionSize);
            if (BitConverter.ToUInt32(elf, header + 4) != SectionTypeVersionNeeds) continue;
            int names = (int)(sectionTable + (long)BitConverter.ToUInt32(elf, header + 40) * sectionSize);
            long nameTable = BitConverter.ToInt64(elf, names + 24);
            for (int need = (int)BitConverter.ToInt64(elf, header + 24); ;)
            {
                int count = BitConverter.ToUInt16(elf, need + 2), entry = need + (int)BitConverter.ToUInt32(elf, need + 8);
                for (int i = 0; i < count; i++)
                {
                    ushort flags = BitConverter.ToUInt16(elf, entry + 4);
                    if (NameAt(elf, nameTable + BitConverter.ToUInt32(elf, entry + 8)) == Version && (flags & WeakFlag) == 0)
                    {
                        BitConverter.GetBytes((ushort)(flags | WeakFlag)).CopyTo(elf, entry + 4);
                        changed = true;
                    }
                    entry += (int)BitConverter.ToUInt32(elf, entry + 12);
                }
                int next = (int)BitConverter.ToUInt32(elf, need + 12);
                if (next == 0) break;
                need += next;
            }
        }
        return changed;
    }

    private static string NameAt(byte[] elf, long start)
    {
        int end = Array.IndexOf(elf, (byte)0, (int)start);
        return Encoding.ASCII.GetString(elf, (int)start, end - (int)start);
    }
}
