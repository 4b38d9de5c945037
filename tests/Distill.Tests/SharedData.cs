namespace Distill.Tests;

/// <summary>Benchmark files that lie beside the repository, or where <c>DISTILL_SHARED_DATA</c> says.</summary>
internal static class SharedData
{
    private static readonly string? Root = Find();

    /// <summary>Full path of a file of the shared data; the test is skipped where the data is not there.</summary>
    public static string Path(params string[] parts)
    {
        Xunit.Assert.SkipWhen(Root is null, "no shared/data folder; set DISTILL_SHARED_DATA");
        return System.IO.Path.Combine([Root!, .. parts]);
    }

    private static string? Find()
    {
        if (Environment.GetEnvironmentVariable("DISTILL_SHARED_DATA") is { Length: > 0 } set) return set;
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string candidate = System.IO.Path.Combine(folder.FullName, "shared", "data");
            if (Directory.Exists(candidate)) return candidate;
        }
        return null;
    }
}
