namespace Distill.Cli;

/// <summary>Durations and rates as people read them.</summary>
internal static class DurationText
{
    /// <summary>For example <c>0.4 s</c>, <c>42 s</c>, <c>3m 05s</c>, <c>2h 10m</c>.</summary>
    public static string Of(TimeSpan time) => time switch
    {
        { TotalSeconds: < 9.95 } => $"{time.TotalSeconds:0.0} s",
        { TotalSeconds: < 59.5 } => $"{time.TotalSeconds:0} s",
        { TotalMinutes: < 59.99 } => $"{(int)time.TotalMinutes}m {time.Seconds:00}s",
        _ => $"{(int)time.TotalHours}h {time.Minutes:00}m",
    };

    /// <summary>For example <c>12.5/s</c>, or per minute where that reads better.</summary>
    public static string Rate(double perSecond) => perSecond switch
    {
        >= 100 => $"{perSecond:0}/s",
        >= 1 => $"{perSecond:0.0}/s",
        _ => $"{perSecond * 60:0.0}/min",
    };
}
