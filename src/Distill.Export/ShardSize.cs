using System.Globalization;
using Distill.Runs;

namespace Distill.Export;

/// <summary>The size of a file as users write it: <c>4GB</c>, <c>500M</c>, <c>2GiB</c>.</summary>
internal static class ShardSize
{
    private static readonly (string Unit, long Bytes)[] Units =
    [
        ("GiB", 1L << 30), ("MiB", 1L << 20), ("KiB", 1L << 10), ("GB", 1_000_000_000), ("MB", 1_000_000), ("KB", 1_000),
        ("G", 1_000_000_000), ("M", 1_000_000), ("K", 1_000), ("B", 1), ("", 1),
    ];

    /// <summary>Reads a size.</summary>
    /// <returns>Bytes.</returns>
    /// <exception cref="InputException">It is none.</exception>
    public static long Parse(string text)
    {
        (string unit, long bytes) = Units.First(candidate => text.EndsWith(candidate.Unit, StringComparison.OrdinalIgnoreCase));
        bool isNumber = double.TryParse(text.AsSpan(0, text.Length - unit.Length).Trim(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number);
        return isNumber && number * bytes is >= 1 and < long.MaxValue
            ? (long)(number * bytes)
            : throw new InputException($"`{text}` is no size of a file", "write e.g. `--max-shard-size 4GB`");
    }
}
