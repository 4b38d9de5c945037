using System.Text;

namespace Distill.Serving;

/// <summary>The end of a log file that another process writes.</summary>
internal static class EngineLog
{
    private const int TailBytes = 4096, LongestLine = 160;

    /// <summary>Its last line that says something, without signs that a terminal would obey; empty when there is none.</summary>
    public static string LastLine(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            file.Seek(-Math.Min(file.Length, TailBytes), SeekOrigin.End);
            var bytes = new byte[TailBytes];
            string text = Encoding.UTF8.GetString(bytes, 0, file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false));
            string line = text.Split(['\n', '\r'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault() ?? "";
            string plain = new([.. line.Where(sign => !char.IsControl(sign))]);
            return plain.Length > LongestLine ? plain[..LongestLine] + "…" : plain;
        }
        catch (IOException)
        {
            return "";
        }
    }
}
