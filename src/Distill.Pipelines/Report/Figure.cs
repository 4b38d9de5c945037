namespace Distill.Pipelines.Report;

/// <summary>Numbers as the report prints them.</summary>
internal static class Figure
{
    private const string NarrowSpace = "\u202F";

    /// <summary>A share as a percentage with one decimal.</summary>
    public static string Percent(double share) => $"{share * 100:0.0}{NarrowSpace}%";

    /// <summary>The ends of an interval of shares, as percentages.</summary>
    public static string Interval(double low, double high) => $"{low * 100:0.0}–{high * 100:0.0}{NarrowSpace}%";

    /// <summary>A count with thousands set apart.</summary>
    public static string Count(long number) => number.ToString("N0").Replace(",", NarrowSpace);

    /// <summary>A size in bytes, in the unit that fits.</summary>
    public static string Bytes(long bytes) => bytes switch
    {
        < 10_000 => $"{Count(bytes)}{NarrowSpace}B",
        < 1_000_000 => $"{bytes / 1e3:0}{NarrowSpace}kB",
        < 1_000_000_000 => $"{bytes / 1e6:0.00}{NarrowSpace}MB",
        _ => $"{bytes / 1e9:0.00}{NarrowSpace}GB",
    };

    /// <summary>Seconds, or minutes and seconds, or hours and minutes.</summary>
    public static string Seconds(double seconds) => seconds switch
    {
        < 9.95 => $"{seconds:0.0}{NarrowSpace}s",
        < 59.5 => $"{seconds:0}{NarrowSpace}s",
        < 3599.5 => $"{(int)(seconds / 60)}{NarrowSpace}min {seconds % 60:00}{NarrowSpace}s",
        _ => $"{(int)(seconds / 3600)}{NarrowSpace}h {(int)(seconds % 3600 / 60):00}{NarrowSpace}min",
    };
}
